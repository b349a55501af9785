// Socket.IO on the wire, without a client library: what socketio_echo answers, packet by packet.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Line, request, startEcho } from './server.mjs';

let server;
let port;

before(async () => {
    server = await startEcho('--ping-interval', '300', '--ping-timeout', '200', '--connect-timeout', '1000');
    port = server.port;
});
after(async () => assert.equal(await server.stop(), 0));

// The next message that is no ping, which is answered.
async function take(line) {
    for (;;) {
        const message = await line.take();
        if (message !== '2') return message;
        line.send('3');
    }
}

async function open(version = 4) {
    const line = new Line(port, `/socket.io/?EIO=${version}&transport=websocket`);
    const { sid } = JSON.parse((await take(line)).slice(1));
    return { line, sid };
}

async function connect() {
    const { line } = await open();
    line.send('40');
    await take(line); // its answer
    await take(line); // auth
    return line;
}

async function endsFor(line, ...messages) {
    line.send(...messages);
    const started = Date.now();
    await line.closed;
    assert.ok(Date.now() - started < 250, 'closed at once, not by the heartbeat');
}

describe('namespaces', () => {
    for (const [what, packet, space, payload] of [
        ['the main one', '40', '', '{}'],
        ['the main one with a payload', '40{"token":"123"}', '', '{"token":"123"}'],
        ['a custom one', '40/custom,', '/custom,', '{}'],
        ['a custom one without the comma', '40/custom', '/custom,', '{}'],
        ['a custom one with a payload', '40/custom,{"token":"abc"}', '/custom,', '{"token":"abc"}'],
    ]) {
        it(`lets a client into ${what}`, async () => {
            const { line, sid } = await open();
            line.send(packet);
            const answer = await take(line);
            assert.ok(answer.startsWith(`40${space}{`), answer);
            const connected = JSON.parse(answer.slice(2 + space.length));
            assert.deepEqual(Object.keys(connected), ['sid']);
            assert.notEqual(connected.sid, sid);
            assert.equal(await take(line), `42${space}["auth",${payload}]`);
            await line.close();
        });
    }

    it('refuses one that it does not have, and goes on', async () => {
        const { line } = await open();
        line.send('40/random', '40');
        assert.equal(await take(line), '44/random,{"message":"Invalid namespace"}');
        assert.match(await take(line), /^40\{/);
        await line.close();
    });

    it('ends a client that left the last one and is silent', async () => {
        const line = await connect();
        line.send('41');
        assert.equal(await line.take(), '2');
        assert.equal(await line.take(), undefined);
    });

    it('closes when none is asked for in time', async () => {
        const { line } = await open();
        const started = Date.now();
        while ((await take(line)) !== undefined);
        assert.ok(Date.now() - started > 900);
    });

    it('keeps the connection when the last one is left', async () => {
        const line = await connect();
        line.send('41');
        assert.equal(await line.take(), '2');
        line.send('3', '40');
        assert.match(await take(line), /^40\{/);
        await line.close();
    });

    it('keeps the others when one is left', async () => {
        const line = await connect();
        line.send('40/custom');
        await take(line);
        await take(line);
        line.send('41/custom', '42["message","to main"]');
        assert.equal(await take(line), '42["message-back","to main"]');
        await line.close();
    });
});

describe('events', () => {
    for (const [packet, answer] of [
        ['42["message",1,"2",{"3":[true]}]', '42["message-back",1,"2",{"3":[true]}]'],
        ['42["message"]', '42["message-back"]'],
        ['42["message",12345678901234567890,0.1,1e400,-0.0]', '42["message-back",12345678901234567890,0.1,1e400,-0.0]'],
        ['42["message","直播 🎥 \\u0000"]', '42["message-back","直播 🎥 \\u0000"]'],
        ['42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'],
        ['420["message-with-ack"]', '430[]'],
    ]) {
        it(`answers ${packet}`, async () => {
            const line = await connect();
            line.send(packet);
            assert.equal(await take(line), answer);
            await line.close();
        });
    }

    const [first, second] = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];
    const places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    for (const [packet, answer] of [
        [`452-["message",${places}]`, `452-["message-back",${places}]`],
        [`452-789["message-with-ack",${places}]`, `462-789[${places}]`],
    ]) {
        it(`answers ${packet} with its attachments`, async () => {
            const line = await connect();
            line.send(packet, first, second);
            assert.deepEqual([await take(line), await take(line), await take(line)], [answer, first, second]);
            await line.close();
        });
    }

    for (const messages of [
        ['4abc'],
        ['4'],
        ['47'],
        ['42{}'],
        ['42'],
        ['42[]'],
        ['42[{}]'],
        ['42["message"'],
        ['42["message",]'],
        ['42["message"]x'],
        ['42["message",01]'],
        ['42["message","\u0001"]'],
        ['42["connect"]'],
        ['42abc["message-with-ack",1]'],
        ['421234567890123456["message"]'],
        ['43[]'],
        ['41{}'],
        ['40[]'],
        ['42/custom,["message"]'],
        ['451["message"]'],
        ['4599999-["message"]'],
        ['451-["message",{"_placeholder":true,"num":1}]', Buffer.alloc(1)],
        ['451-["message",{"_placeholder":true}]', Buffer.alloc(1)],
        ['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
        [Buffer.alloc(4)],
        ['451-["message",{"_placeholder":true,"num":0}]', Buffer.alloc(999999)],
        [`42["message",${'['.repeat(100)}${']'.repeat(100)}]`],
    ]) {
        it(`closes for ${String(messages[0]).slice(0, 60)}`, async () => endsFor(await connect(), ...messages));
    }

    it('closes for an event before a namespace', async () => endsFor((await open()).line, '42["message"]'));
    it('closes for a malformed CONNECT', async () => endsFor((await open()).line, '40{"a"'));
});

describe('clients 1.x and 2.x', () => {
    it('are in the main namespace unasked, under the id of their session', async () => {
        const { line } = await open(3);
        assert.equal(await take(line), '40');
        assert.equal(await take(line), '42["auth",{}]');
        line.send('42["message",1,"2"]', '4212["message-with-ack","a"]');
        assert.equal(await take(line), '42["message-back",1,"2"]');
        assert.equal(await take(line), '4312["a"]');
        await line.close();
    });

    it('are sent ASCII, and decoded twice', async () => {
        const { line } = await open(3);
        await take(line);
        await take(line);
        line.send('42["message","直播 🎥"]', `42["message","${Buffer.from('直播').toString('latin1')}"]`);
        assert.equal(await take(line), '42["message-back","\\u76f4\\u64ad \\ud83c\\udfa5"]');
        assert.equal(await take(line), '42["message-back","\\u76f4\\u64ad"]');
        await line.close();
    });

    it('ask for a namespace with a query', async () => {
        const { line } = await open(3);
        await take(line);
        await take(line);
        line.send('40/custom?a=b', '40/random?a=b');
        assert.equal(await take(line), '40/custom,');
        assert.equal(await take(line), '42/custom,["auth",{}]');
        assert.equal(await take(line), '44/random,"Invalid namespace"');
        await line.close();
    });

    it('are answered over long polling', async () => {
        const address = '/socket.io/?EIO=3&transport=polling&b64=1';
        const opened = (await request(port, address)).text;
        const { sid } = JSON.parse(opened.slice(opened.indexOf('{')));
        assert.equal((await request(port, `${address}&sid=${sid}`)).text, '2:4013:42["auth",{}]');
    });
});
