// Runs the browser tests: node tests/e2e/run.mjs [WORD ...] (only tests whose name holds one of the words).
// The last line is "N passed, N failed". Screenshots and logs of failures: build/e2e/.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { closeAll } from './browsers.mjs';
import { outputFolder, root } from './server.mjs';

const words = process.argv.slice(2);
const folder = path.join(root, 'tests/e2e');
const modules = readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).sort();
const TEST_MS_MAX = 180000;

/** What a test registers for the end, run in reverse whatever happens. */
class Cleanup {
  constructor() {
    this.steps = [];
  }

  later(step) {
    this.steps.push(step);
  }

  async run() {
    while (this.steps.length > 0) await Promise.resolve(this.steps.pop()()).catch(() => {});
  }
}

async function runTest(name, test) {
  const cleanup = new Cleanup();
  const began = Date.now();
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${TEST_MS_MAX / 1000} s`)), TEST_MS_MAX);
    });
    await Promise.race([test(cleanup), late]);
    console.log(`ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    console.log(`FAIL  ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)\n      ${error.stack ?? error}`);
    return false;
  } finally {
    clearTimeout(timer);
    await cleanup.run();
  }
}

let passed = 0;
const failures = [];
for (const module of modules) {
  const { default: tests } = await import(path.join(folder, module));
  for (const [title, test] of Object.entries(tests)) {
    const name = `${module.replace('.test.mjs', '')}: ${title}`;
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    if (await runTest(name, test)) passed++;
    else failures.push(name);
  }
}
await closeAll();
if (failures.length > 0) console.log(`\nFailed (logs and pictures in ${path.relative(root, outputFolder)}):\n  ${failures.join('\n  ')}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
