// Stock clients, 1.2.0 to 4.x, each over long polling, over WebSocket, and moving from the one to the other: against
// socketio_echo, and against the server with its rooms.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { startEcho, startServer } from './server.mjs';

const require = createRequire(import.meta.url);
const CLIENTS = ['client-1', 'client-2', 'client-3', 'client-4'];
const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];
const PATIENCE_MS = 10000;

// Resolves with the arguments of the next such event.
function next(socket, event) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${event} came`)), PATIENCE_MS);
        socket.once(event, (...values) => {
            clearTimeout(timer);
            resolve(values);
        });
    });
}

const ask = (socket, event, ...values) =>
    new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${event} was not acknowledged`)), PATIENCE_MS);
        socket.emit(event, ...values, (...answer) => {
            clearTimeout(timer);
            resolve(answer);
        });
    });

const engineOf = (socket) => socket.io.engine;

// Clients of one library against one server; all are closed at the end.
class Clients {
    open_ones = [];

    constructor(library, port, transports) {
        this.connect = require(library);
        this.port = port;
        this.transports = transports;
    }

    async open(path = '') {
        const socket = this.connect(`http://127.0.0.1:${this.port}${path}`, {
            transports: this.transports,
            forceNew: true,
            'force new connection': true,
            reconnection: false,
        });
        socket.once('connect_error', (error) => console.error('connect_error', error));
        this.open_ones.push(socket);
        await next(socket, 'connect');
        return socket;
    }

    // Moved to WebSocket, if it is to.
    async settle(socket) {
        const last = this.transports.at(-1);
        const until = Date.now() + PATIENCE_MS;
        while (engineOf(socket).transport.name !== last) {
            assert.ok(Date.now() < until, `still on ${engineOf(socket).transport.name}`);
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }

    close() {
        this.open_ones.forEach((socket) => socket.disconnect());
    }
}

let echo;
let server;

before(async () => {
    echo = await startEcho('--ping-interval', '500', '--ping-timeout', '2000');
    server = await startServer();
});
after(async () => {
    assert.equal(await echo.stop(), 0);
    assert.equal(await server.stop(), 0);
});

for (const library of CLIENTS) {
    for (const transports of TRANSPORTS) {
        // 1.2.0 sends zeros for a Buffer since Node's Buffers are typed arrays; in browsers it does not.
        const isBinary = library !== 'client-1';
        const isOld = library === 'client-1' || library === 'client-2';

        describe(`${library} over ${transports.join(', then ')}`, () => {
            it('is sent back what it says', async () => {
                const clients = new Clients(library, echo.port, transports);
                const socket = await clients.open();
                const values = [1, '2', { 3: [true, null, 0.1] }, '直播 🎥 ñ', ''];
                for (let turn = 0; turn < 2; turn++) {
                    const back = next(socket, 'message-back');
                    socket.emit('message', ...values);
                    assert.deepEqual(await back, values);
                    assert.deepEqual(await ask(socket, 'message-with-ack', ...values), values);
                    await clients.settle(socket);
                }
                if (isOld) assert.equal(socket.id ?? engineOf(socket).id, engineOf(socket).id);
                else assert.notEqual(socket.id, engineOf(socket).id);
                clients.close();
            });

            it('is sent back binary', { skip: !isBinary }, async () => {
                const clients = new Clients(library, echo.port, transports);
                const socket = await clients.open();
                const bytes = Buffer.from([0, 1, 2, 127, 128, 255]);
                for (let turn = 0; turn < 2; turn++) {
                    const [first, { inside }] = await ask(socket, 'message-with-ack', bytes, { inside: bytes });
                    assert.deepEqual(Buffer.from(first), bytes);
                    assert.deepEqual(Buffer.from(inside), bytes);
                    await clients.settle(socket);
                }
                clients.close();
            });

            it('keeps a large message and many small ones whole and in order', async () => {
                const clients = new Clients(library, echo.port, transports);
                const socket = await clients.open();
                const large = 'x直'.repeat(40000);
                assert.deepEqual(await ask(socket, 'message-with-ack', large), [large]);
                const answers = await Promise.all(
                    Array.from({ length: 200 }, (_, number) => ask(socket, 'message-with-ack', number)),
                );
                assert.deepEqual(answers.flat(), Array.from({ length: 200 }, (_, number) => number));
                clients.close();
            });

            it('outlives several heartbeats', async () => {
                const clients = new Clients(library, echo.port, transports);
                const socket = await clients.open();
                let lost = false;
                socket.on('disconnect', () => (lost = true));
                await new Promise((resolve) => setTimeout(resolve, 3200));
                assert.equal(lost, false);
                assert.deepEqual(await ask(socket, 'message-with-ack', 'there'), ['there']);
                clients.close();
            });

            it('enters a namespace, and not another', async () => {
                const clients = new Clients(library, echo.port, transports);
                const custom = await clients.open('/custom');
                assert.deepEqual(await ask(custom, 'message-with-ack', 'in'), ['in']);
                const wrong = clients.connect(`http://127.0.0.1:${echo.port}/random`, {
                    transports, forceNew: true, 'force new connection': true, reconnection: false,
                });
                clients.open_ones.push(wrong);
                const [error] = await next(wrong, isOld ? 'error' : 'connect_error');
                assert.match(isOld ? String(error) : error.message, /Invalid namespace/);
                clients.close();
            });

            it('calls through a relay room', async () => {
                const clients = new Clients(library, server.port, transports);
                const room = `room-${library}-${transports.join('-')}`;
                const first = await clients.open();
                const created = next(first, 'created');
                first.emit('create or join', room);
                const [name, firstId] = await created;
                assert.equal(name, room);
                if (first.id) assert.equal(firstId, first.id);

                const second = await clients.open();
                const told = next(first, 'join');
                const ready = Promise.all([next(first, 'ready'), next(second, 'ready')]);
                const joined = next(second, 'joined');
                second.emit('create or join', room);
                assert.deepEqual(await told, [room]);
                const [, secondId] = await joined;
                assert.deepEqual(await ready, [[room], [room]]);

                const third = await clients.open();
                const full = next(third, 'full');
                third.emit('create or join', room);
                assert.deepEqual(await full, [room]);

                const message = next(second, 'message');
                first.emit('message', { type: 'offer', sdp: 'v=0 直播' }, 12345678901, 'text');
                assert.deepEqual(await message, [{ type: 'offer', sdp: 'v=0 直播' }, 12345678901, 'text']);
                const binary = next(first, 'message');
                const bytes = isBinary ? Buffer.from([9, 8, 7]) : 'none';
                second.emit('message', bytes, 'with it');
                const [data, text] = await binary;
                assert.deepEqual(isBinary ? Buffer.from(data) : data, bytes);
                assert.equal(text, 'with it');

                const bye = next(first, 'bye');
                second.disconnect();
                assert.deepEqual(await bye, [secondId]);
                clients.close();
            });

            it('joins a media room', async () => {
                const clients = new Clients(library, server.port, transports);
                const room = `media-${library}-${transports.join('-')}`;
                const socket = await clients.open();
                const [early] = await ask(socket, 'chat', { text: 'too early' });
                assert.equal(early.type, 'failed');
                assert.equal(early.code, 'not-joined');
                const [joined] = await ask(socket, 'join', { room, name: 'Ann' });
                assert.equal(joined.type, 'joined');
                assert.equal(joined.room, room);

                const other = await clients.open();
                const emitted = next(other, 'joined');
                other.emit('join', { room, name: '小明' });
                assert.equal((await emitted)[0].room, room);
                const heard = next(socket, 'chat');
                assert.deepEqual(await ask(other, 'chat', { text: '你好 🎥' }), [{ type: 'ok' }]);
                const [line] = await heard;
                assert.equal(line.text, '你好 🎥');
                assert.equal(line.name, '小明');
                assert.equal(line.type, undefined);

                const [unknown] = await ask(socket, 'nonsense', {});
                assert.equal(unknown.code, 'unknown-type');
                const [nameless] = await ask(socket, 7, {});
                assert.equal(nameless.code, 'bad-message');
                assert.equal(nameless.re, null);
                const failed = next(socket, 'failed');
                socket.emit('offer', { id: 'a', sdp: 'nonsense', subscribe: 'main' });
                assert.equal((await failed)[0].re, 'offer');
                assert.deepEqual((await ask(socket, 'leave'))[0], { type: 'left' });
                clients.close();
            });
        });
    }
}
