// Engine.IO on the wire, protocols 4 and 3, without a client library: every rule of PROTOCOL.md section 4.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Line, pause, request, startEcho } from './server.mjs';

const INTERVAL = 300;
const TIMEOUT = 200;
const PAYLOAD = 1000000;
let server;
let port;

before(async () => {
    server = await startEcho('--engine', '--ping-interval', String(INTERVAL), '--ping-timeout', String(TIMEOUT));
    port = server.port;
});
after(async () => assert.equal(await server.stop(), 0));

const base = (version = 4, transport = 'polling') => `/engine.io/?EIO=${version}&transport=${transport}`;
const get = (path, options) => request(port, path, options);
const post = (path, body, headers) => request(port, path, { method: 'POST', body, headers });
const code = (answer) => JSON.parse(answer.text).code;

// A polling session of protocol 4, or 3 with its text payloads: gives its address.
async function open(version = 4) {
    const address = base(version) + (version === 3 ? '&b64=1' : '');
    const { text } = await get(address);
    const packet = version === 3 ? text.slice(text.indexOf(':') + 1) : text;
    return `${address}&sid=${JSON.parse(packet.slice(1)).sid}`;
}

function checkHandshake(packet, upgrades) {
    assert.equal(packet[0], '0');
    const { sid, ...others } = JSON.parse(packet.slice(1));
    assert.match(sid, /^\S{16,}$/);
    assert.deepEqual(others, { upgrades, pingInterval: INTERVAL, pingTimeout: TIMEOUT, maxPayload: PAYLOAD });
}

async function upgrade(version = 4) {
    const polling = await open(version);
    const line = new Line(port, polling.replace('polling', 'websocket'));
    await line.opened;
    return { polling, line };
}

describe('handshake', () => {
    it('opens over long polling', async () => {
        const answer = await get(base());
        assert.equal(answer.status, 200);
        assert.match(answer.headers['content-type'], /^text\/plain; *charset=utf-8$/i);
        assert.equal(answer.headers['cache-control'], 'no-store');
        checkHandshake(answer.text, ['websocket']);
    });

    it('opens for who comes through a proxy', async () => {
        const answer = await get(base(), { headers: { 'X-Forwarded-For': '192.0.2.7' } });
        assert.equal(answer.status, 200);
    });

    it('opens over WebSocket', async () => {
        const line = new Line(port, base(4, 'websocket'));
        checkHandshake(await line.take(), []);
        await line.close();
    });

    const refusals = [
        ['no version', 'GET', '/engine.io/?transport=polling', 400, 5],
        ['an unknown version', 'GET', '/engine.io/?EIO=abc&transport=polling', 400, 5],
        ['version 5', 'GET', '/engine.io/?EIO=5&transport=polling', 400, 5],
        ['no transport', 'GET', '/engine.io/?EIO=4', 400, 0],
        ['an unknown transport', 'GET', '/engine.io/?EIO=4&transport=abc', 400, 0],
        ['JSONP', 'GET', '/engine.io/?EIO=3&transport=polling&j=0', 400, 0],
        ['an unknown sid', 'GET', `${base()}&sid=nobody`, 400, 1],
        ['an unknown sid, POST', 'POST', `${base()}&sid=nobody`, 400, 1],
        ['POST', 'POST', base(), 400, 2],
        ['PUT', 'PUT', base(), 400, 2],
        ['a WebSocket without an upgrade', 'GET', base(4, 'websocket'), 400, 3],
    ];
    for (const [what, method, path, status, number] of refusals) {
        it(`refuses ${what}`, async () => {
            const answer = await request(port, path, { method });
            assert.equal(answer.status, status);
            assert.equal(code(answer), number);
            assert.equal(answer.headers['access-control-allow-origin'], '*');
        });
    }

    for (const path of ['/engine.io/?transport=websocket', '/engine.io/?EIO=abc&transport=websocket', '/engine.io/?EIO=4',
        '/engine.io/?EIO=4&transport=abc', `${base(4, 'websocket')}&sid=nobody`, base(4, 'polling')]) {
        it(`refuses the WebSocket ${path}`, async () => {
            const line = new Line(port, path);
            assert.equal(await line.refused, 400);
        });
    }

    it('lets pages of other origins in, with credentials', async () => {
        const headers = { Origin: 'https://tutorial.example' };
        for (const method of ['GET', 'OPTIONS']) {
            const answer = await request(port, base(), { method, headers });
            assert.equal(answer.status, method === 'GET' ? 200 : 204);
            assert.equal(answer.headers['access-control-allow-origin'], headers.Origin);
            assert.equal(answer.headers['access-control-allow-credentials'], 'true');
        }
    });
});

describe('messages over long polling', () => {
    for (const [what, payload] of [
        ['one packet', '4hello'],
        ['several packets', '4one\x1e4two\x1e4three'],
        ['text and binary', '4hello\x1ebAQIDBA=='],
        ['text beyond ASCII', '4直播间 🎥'],
    ]) {
        it(`sends back ${what}`, async () => {
            const address = await open();
            const answer = await post(address, payload);
            assert.equal(answer.status, 200);
            assert.equal(answer.text, 'ok');
            assert.equal((await get(address)).text, payload);
        });
    }

    it('holds a poll until there is something', async () => {
        const address = await open();
        const poll = get(address);
        await pause(20);
        await post(address, '4late');
        assert.equal((await poll).text, '4late');
    });

    for (const [what, body, headers] of [
        ['an unknown type', 'abc'],
        ['nothing', ''],
        ['an empty packet', '4a\x1e'],
        ['bad base64', 'bA$=='],
        ['bad UTF-8', Buffer.from([0x34, 0xff])],
        ['a ping, which is the server\'s', '2'],
        ['another content type', '4hello', { 'Content-Type': 'application/octet-stream' }],
    ]) {
        it(`ends the session for ${what}`, async () => {
            const address = await open();
            const answer = await post(address, body, headers);
            if (!what.startsWith('a ping')) assert.equal(answer.status, 400);
            assert.equal(code(await get(address)), 1);
        });
    }

    it('ends the session when two polls wait', async () => {
        const address = await open();
        const first = get(address);
        await pause(5);
        const second = await get(`${address}&t=burst`);
        assert.equal(second.status, 400);
        assert.equal((await first).text, '1');
        assert.equal((await get(address)).status, 400);
    });

    it('waits for a body that comes slowly', async () => {
        const address = await open();
        const slow = http.request({ host: '127.0.0.1', port, path: address, method: 'POST', headers: { 'Content-Length': 6 } });
        slow.write('4he');
        await pause(250);
        slow.end('llo');
        const [answer] = await once(slow, 'response');
        assert.equal(answer.statusCode, 200);
        assert.equal((await get(address)).text, '4hello');
    });

    it('ends the session when two POSTs come side by side', async () => {
        const address = await open();
        const first = http.request({ host: '127.0.0.1', port, path: address, method: 'POST', headers: { 'Content-Length': 6 } });
        first.write('4he');
        await pause(50);
        assert.equal((await post(address, '4hello')).status, 400);
        first.end('llo');
        const [answer] = await once(first, 'response');
        assert.equal(answer.statusCode, 400);
        assert.equal(code(await get(address)), 1);
    });

    it('answers a payload far too large', async () => {
        for (const bytes of [2000000, 5000000]) {
            const address = await open();
            assert.equal((await post(address, `4${'x'.repeat(bytes)}`)).status, 413);
            assert.equal((await post(address, '4goes on')).status, 200);
        }
    });

    it('tells pages that their payload is too large', async () => {
        const headers = { Origin: 'https://tutorial.example' };
        const answer = await post(await open(), `4${'x'.repeat(PAYLOAD)}`, headers);
        assert.equal(answer.status, 413);
        assert.equal(answer.headers['access-control-allow-origin'], headers.Origin);
        assert.equal(answer.headers['access-control-allow-credentials'], 'true');
    });

    it('ends the session of a client that gives its poll up', async () => {
        const address = await open();
        const poll = http.get({ host: '127.0.0.1', port, path: address });
        const gone = new Promise((resolve) => poll.on('error', resolve));
        await pause(5);
        poll.destroy();
        await gone;
        assert.equal((await get(address)).status, 400);
        assert.equal(code(await get(address)), 1);
    });

    it('takes a payload of maxPayload, and none beyond', async () => {
        const address = await open();
        const large = `4${'x'.repeat(PAYLOAD - 1)}`;
        assert.equal((await post(address, large)).status, 200);
        assert.equal((await get(address)).text, large);
        assert.equal((await post(address, `${large}x`)).status, 413);
        assert.equal((await post(address, '4goes on')).status, 200);
    });
});

describe('messages over WebSocket', () => {
    it('sends back text and binary', async () => {
        const line = new Line(port, base(4, 'websocket'));
        await line.take();
        line.send('4hello', Buffer.from([1, 2, 3, 4]), Buffer.alloc(0), '4', 'bAQIDBA==');
        assert.equal(await line.take(), '4hello');
        assert.deepEqual(await line.take(), Buffer.from([1, 2, 3, 4]));
        assert.deepEqual(await line.take(), Buffer.alloc(0));
        assert.equal(await line.take(), '4');
        assert.deepEqual(await line.take(), Buffer.from([1, 2, 3, 4]));
        await line.close();
    });

    for (const message of ['abc', '', '2', '0', '5']) {
        it(`ends the session for "${message}"`, async () => {
            const line = new Line(port, base(4, 'websocket'));
            await line.take();
            line.send(message);
            await line.closed;
        });
    }

    it('closes with 1009 beyond maxPayload', async () => {
        const line = new Line(port, base(4, 'websocket'));
        await line.take();
        line.send(`4${'x'.repeat(PAYLOAD - 1)}`);
        assert.equal((await line.take()).length, PAYLOAD);
        line.send(`4${'x'.repeat(PAYLOAD)}`);
        assert.equal(await line.closed, 1009);
    });
});

describe('heartbeat', () => {
    it('pings over long polling', async () => {
        const address = await open();
        for (let i = 0; i < 3; i++) {
            assert.equal((await get(address)).text, '2');
            assert.equal((await post(address, '3')).status, 200);
        }
    });

    it('ends a silent session over long polling', async () => {
        const address = await open();
        await pause(INTERVAL + TIMEOUT);
        assert.equal((await get(address)).status, 400);
    });

    it('pings over WebSocket, on time', async () => {
        const line = new Line(port, base(4, 'websocket'));
        await line.take();
        for (let i = 0; i < 3; i++) {
            assert.equal(await line.take(), '2');
            line.send('3');
        }
        await line.close();
    });

    it('ends a silent session over WebSocket', async () => {
        const line = new Line(port, base(4, 'websocket'));
        await line.take();
        assert.equal(await line.take(), '2');
        await line.closed;
    });
});

describe('close', () => {
    it('ends over long polling', async () => {
        const address = await open();
        const poll = get(address);
        await pause(20);
        assert.equal((await post(address, '1')).text, 'ok');
        const answer = await poll;
        assert.equal(answer.status, 200);
        assert.equal(answer.text, '6');
        assert.equal((await get(address)).status, 400);
    });

    for (const [version, close, noop] of [[4, '1', '6'], [3, '1:1', '1:6']]) {
        it(`ends a poll sent at the same time, protocol ${version}`, async () => {
            const address = await open(version);
            const [poll, closed] = await Promise.all([get(address), post(address, close)]);
            assert.equal(poll.status, 200);
            assert.equal(poll.text, noop);
            assert.equal(closed.status, 200);
            assert.equal((await get(address)).status, 400);
        });
    }

    it('ends over WebSocket', async () => {
        const line = new Line(port, base(4, 'websocket'));
        await line.take();
        line.send('1');
        await line.closed;
    });
});

describe('upgrade', () => {
    it('moves a session', async () => {
        const { polling, line } = await upgrade();
        line.send('2probe');
        assert.equal(await line.take(), '3probe');
        assert.equal((await get(polling)).text, '6');
        line.send('5', '4hello');
        assert.equal(await line.take(), '4hello');
        assert.equal(code(await get(polling)), 3);
        assert.equal(code(await post(polling, '4lost')), 3);
        line.send('4again');
        assert.equal(await line.take(), '4again');
        await line.close();
    });

    it('sends a waiting poll home', async () => {
        const { polling, line } = await upgrade();
        const poll = get(polling);
        await pause(20);
        line.send('2probe');
        assert.equal(await line.take(), '3probe');
        assert.equal((await poll).text, '6');
        await line.close();
    });

    it('loses nothing that waits', async () => {
        const { polling, line } = await upgrade();
        await post(polling, '4first\x1e4second');
        line.send('2probe', '5');
        assert.equal(await line.take(), '3probe');
        assert.equal(await line.take(), '4first');
        assert.equal(await line.take(), '4second');
        await line.close();
    });

    it('refuses a second WebSocket, and goes on', async () => {
        const { polling, line } = await upgrade();
        line.send('2probe', '5');
        const second = new Line(port, polling.replace('polling', 'websocket'));
        await second.closed;
        line.send('4hello');
        assert.equal(await line.take(), '3probe');
        assert.equal(await line.take(), '4hello');
        await line.close();
    });

    it('goes on polling when the probe is lost', async () => {
        const { polling, line } = await upgrade();
        line.send('2probe');
        await line.take();
        await line.close();
        await post(polling, '4still polling');
        assert.equal((await get(polling)).text, '4still polling');
    });

    it('ends a probe that says something else', async () => {
        const { polling, line } = await upgrade();
        line.send('4hello');
        await line.closed;
        await post(polling, '4still polling');
        assert.equal((await get(polling)).text, '4still polling');
    });
});

describe('protocol 3', () => {
    it('counts text payloads in UTF-16 units', async () => {
        const address = await open(3);
        const payload = '6:4hello3:4直播3:4🎥10:b4AQIDBA==';
        assert.equal((await post(address, payload)).text, 'ok');
        assert.equal((await get(address)).text, payload);
    });

    it('undoes a second UTF-8', async () => {
        const address = await open(3);
        const twice = Buffer.from('直播').toString('latin1');
        await post(address, `${1 + twice.length}:4${twice}`);
        assert.equal((await get(address)).text, '3:4直播');
    });

    it('leaves Latin text alone', async () => {
        const address = await open(3);
        await post(address, '6:4señor');
        assert.equal((await get(address)).text, '6:4señor');
    });

    it('frames payloads in binary', async () => {
        const answer = await get(base(3));
        assert.equal(answer.headers['content-type'], 'application/octet-stream');
        const end = answer.bytes.indexOf(255);
        assert.equal(answer.bytes[0], 0);
        assert.equal(Number([...answer.bytes.subarray(1, end)].join('')), answer.bytes.length - end - 1);
        const packet = answer.bytes.subarray(end + 1).toString();
        checkHandshake(packet, ['websocket']);
        const address = `${base(3)}&sid=${JSON.parse(packet.slice(1)).sid}`;
        const payload = Buffer.from([0, 6, 255, ...Buffer.from('4hello'), 1, 1, 2, 255, 4, ...Array(11).fill(7)]);
        await post(address, payload, { 'Content-Type': 'application/octet-stream' });
        assert.deepEqual((await get(address)).bytes, payload);
    });

    it('answers pings, and ends without them', async () => {
        const address = await open(3);
        await post(address, '1:2');
        assert.equal((await get(address)).text, '1:3');
        await pause(INTERVAL + TIMEOUT);
        assert.equal((await post(address, '1:2')).status, 400);
    });

    it('echoes what a ping carries, and marks binary frames', async () => {
        const line = new Line(port, base(3, 'websocket'));
        checkHandshake(await line.take(), []);
        line.send('2abc', Buffer.from([4, 1, 2]));
        assert.equal(await line.take(), '3abc');
        assert.deepEqual(await line.take(), Buffer.from([4, 1, 2]));
        await line.close();
    });

    it('ends a session of two polls', async () => {
        const address = await open(3);
        const first = get(address);
        await pause(5);
        assert.equal((await get(`${address}&t=burst`)).status, 400);
        assert.equal((await first).text, '1:1');
        assert.equal((await get(address)).status, 400);
    });

    it('answers pings over long polling and over WebSocket, each time', async () => {
        const address = await open(3);
        const line = new Line(port, base(3, 'websocket'));
        await line.take();
        for (let i = 0; i < 3; i++) {
            assert.equal((await post(address, '1:2')).status, 200);
            assert.equal((await get(address)).text, '1:3');
            line.send('2');
            assert.equal(await line.take(), '3');
        }
        await line.close();
    });

    it('ends silent and malformed WebSockets', async () => {
        const silent = new Line(port, base(3, 'websocket'));
        const malformed = new Line(port, base(3, 'websocket'));
        await malformed.take();
        malformed.send('abc');
        await malformed.closed;
        await silent.closed;
    });

    it('moves a session, and does not let it be moved again', async () => {
        const { polling, line } = await upgrade(3);
        line.send('2probe');
        assert.equal(await line.take(), '3probe');
        assert.equal((await get(polling)).text, '1:6');
        line.send('5');
        const second = new Line(port, polling.replace('polling', 'websocket'));
        await second.closed;
        line.send('4hello');
        assert.equal(await line.take(), '4hello');
        assert.equal((await get(polling)).status, 400);
        await line.close();
    });

    for (const body of ['abc', '5:4', ':4', '1:', '99999999999:4a', '-1:4', '2:4🎥']) {
        it(`ends the session for "${body}"`, async () => {
            const address = await open(3);
            assert.equal((await post(address, body)).status, 400);
            assert.equal((await get(address)).status, 400);
        });
    }
});

describe('patience', () => {
    it('lets a poll wait longer than the server gives other answers', async () => {
        const patient = await startEcho('--engine', '--ping-interval', '11000');
        const { text } = await request(patient.port, base());
        const poll = await request(patient.port, `${base()}&sid=${JSON.parse(text.slice(1)).sid}`);
        assert.equal(poll.text, '2');
        assert.equal(await patient.stop(), 0);
    });
});
