// ticker.js - a worker that ticks: its timer keeps its pace when the page is in the background, where the page's own does not.

let timer = 0;

onmessage = ({ data: { everyMs } }) => {
  clearInterval(timer);
  timer = setInterval(() => postMessage(0), everyMs);
};
