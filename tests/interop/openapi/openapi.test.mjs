// Each route and status that docs/openapi.yaml names is asked for, and each answer must be as it says; each
// route that the program has must be in it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, it } from 'node:test';
import { Line, pause, startServer } from '../socketio/server.mjs';
import { described, judge, paths } from './description.mjs';

const KEYS = { publish: 'publish-horse-battery', watch: 'watch-horse-battery', admin: 'admin-horse-battery', metrics: 'the-scraper' };
const folder = process.env.BUILD_FOLDER ?? new URL('../../../build/dev', import.meta.url).pathname;
const offers = new URL('../../signaling/offers/', import.meta.url);
const offer = {
    whip: readFileSync(new URL('chromium-publish.sdp', offers), 'utf8'),
    whep: readFileSync(new URL('chromium-watch.sdp', offers), 'utf8'),
};
const SDP = { 'Content-Type': 'application/sdp' };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const FRAGMENT = { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' };
const restart = 'a=ice-ufrag:FRSH\r\na=ice-pwd:freshfreshfreshfreshfresh\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n';
const bearer = (key) => (key === undefined ? {} : { Authorization: `Bearer ${key}` });

const asked = new Set();
const servers = [];
let publisher;
let open;
let keyed;
let limited;

// One request to "POST /whip/{room}" at address; the answer must have the status and be as described.
// claims: a Content-Length that nothing follows; until: when a body that does not end has said enough.
function ask(server, operation, status, address, { headers = {}, body, claims, until } = {}) {
    const [method] = operation.split(' ');
    return new Promise((resolve, reject) => {
        const sent = http.request({ port: server.port, host: '127.0.0.1', path: address, method, headers, timeout: 15000 }, (answer) => {
            const given = { status: answer.statusCode, headers: answer.headers, text: '' };
            const end = () => {
                sent.destroy();
                resolve(given);
            };
            answer.on('data', (part) => {
                given.text += part;
                if (until?.test(given.text)) end();
            });
            answer.on('end', end);
            answer.on('error', reject);
        });
        sent.on('timeout', () => sent.destroy(new Error('no answer')));
        sent.on('error', reject);
        sent.on('upgrade', (answer, socket) => {
            socket.destroy();
            resolve({ status: answer.statusCode, headers: answer.headers, text: '' });
        });
        if (method !== 'GET' && method !== 'HEAD') sent.setHeader('Content-Length', claims ?? Buffer.byteLength(body ?? ''));
        if (claims === undefined) sent.end(body);
        else sent.flushHeaders();
    }).then((answer) => {
        assert.equal(answer.status, status, `${operation} ${address}: ${answer.text}`);
        assert.deepEqual(judge(operation, answer), [], `${operation} ${status}: ${JSON.stringify(answer)}`);
        asked.add(`${operation} ${status}`);
        return answer;
    });
}

// One POST on the way to something else.
function post(server, address, options) {
    return new Promise((resolve, reject) => {
        const sent = http.request({ port: server.port, host: '127.0.0.1', path: address, method: 'POST', ...options }, (answer) => {
            answer.resume();
            resolve(answer);
        });
        sent.on('error', reject);
        sent.end(options.body);
    });
}

before(async () => {
    const start = async (...options) => {
        servers.push(await startServer(...options));
        return servers.at(-1);
    };
    open = await start('--ice-servers', 'stun:stun.example.org:3478', '--auth-admin-key', KEYS.admin);
    keyed = await start('--auth-publish-key', KEYS.publish, '--auth-watch-key', KEYS.watch, '--auth-admin-key', KEYS.admin,
        '--auth-metrics-key', KEYS.metrics, '--room-takeover', 'no', '--drain-seconds', '30');
    limited = await start('--limits-requests-per-second', '1', '--limits-request-burst', '1');
    publisher = spawn(`${folder}/manycast-publish`, [`http://127.0.0.1:${open.port}/whip/live`], { stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
        const { text } = await ask(open, 'GET /api/rooms', 200, '/api/rooms');
        if (JSON.parse(text).rooms.some((room) => room.live && room.streams[0].bitrate_bps.video > 0)) break;
        assert.ok(tries < 150, 'nobody goes live');
        await pause(100);
    }
});

after(async () => {
    publisher?.kill();
    for (const server of servers) {
        server.process.kill('SIGTERM');
        server.process.kill('SIGINT');
    }
});

for (const kind of ['whip', 'whep']) {
    for (const place of ['{room}', '{room}/{stream}']) {
        const path = `/${kind}/${place}`;
        const live = kind === 'whep' ? '/whep/live' : `/whip/described-${place.length}`;
        const at = place === '{room}' ? live : `${live}/main`;

        it(`answers at ${path}`, async () => {
            await ask(open, `GET ${path}`, 200, at);
            await ask(open, `HEAD ${path}`, 200, at);
            await ask(open, `OPTIONS ${path}`, 200, at);
            await ask(open, `POST ${path}`, 400, at, { headers: SDP, body: 'hello' });
            await ask(open, `POST ${path}`, 413, at, { headers: SDP, claims: 70000 });
            await ask(open, `POST ${path}`, 415, at, { headers: JSON_TYPE, body: '{}' });
            const unknown = offer[kind].replaceAll(/^a=rtpmap:(\d+) .*$/gm, 'a=rtpmap:$1 THEORA/90000\r');
            await ask(open, `POST ${path}`, 422, at, { headers: SDP, body: unknown });
            await ask(open, `POST ${path}`, 201, at, { headers: SDP, body: offer[kind] });
        });

        it(`refuses at ${path}`, async () => {
            await ask(keyed, `POST ${path}`, 401, at, { headers: SDP, body: offer[kind] });
            await ask(keyed, `POST ${path}`, 403, at, { headers: { ...SDP, ...bearer('wrong') }, body: offer[kind] });
            const headers = { ...SDP, ...bearer(KEYS.publish) };
            if (kind === 'whip') assert.equal((await post(keyed, at, { headers, body: offer.whip })).statusCode, 201);
            await ask(keyed, `POST ${path}`, 409, at, { headers, body: offer[kind] });
            await post(limited, '/whip/some', { headers: SDP, body: 'v=' });
            await ask(limited, `POST ${path}`, 429, at, { headers: SDP, body: offer[kind] });
        });
    }
}

it('answers at a session', async () => {
    const path = '/session/{session}';
    const { headers: { location } } = await post(open, '/whep/live', { headers: SDP, body: offer.whep });
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await ask(open, `${method} ${path}`, 200, location);
    await ask(open, `PATCH ${path}`, 204, location,
        { headers: FRAGMENT, body: 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=end-of-candidates\r\n' });
    await ask(open, `PATCH ${path}`, 200, location, { headers: FRAGMENT, body: restart });
    await ask(open, `PATCH ${path}`, 400, location, { headers: FRAGMENT, body: 'hello' });
    await ask(open, `PATCH ${path}`, 412, location, { headers: { ...FRAGMENT, 'If-Match': '"stale"' }, body: restart });
    await ask(open, `PATCH ${path}`, 413, location, { headers: FRAGMENT, claims: 70000 });
    await ask(open, `PATCH ${path}`, 415, location, { headers: JSON_TYPE, body: '{}' });
    await ask(open, `PATCH ${path}`, 428, location, { headers: { 'Content-Type': FRAGMENT['Content-Type'] }, body: restart });
    await ask(open, `DELETE ${path}`, 200, location);
    for (const method of ['GET', 'HEAD', 'DELETE']) await ask(open, `${method} ${path}`, 404, location);
    await ask(open, `PATCH ${path}`, 404, location, { headers: FRAGMENT, body: restart });
});

it('answers at the events of a session', async () => {
    const path = '/session/{session}/events';
    const until = /event: viewercount\n.*\n\n/;
    const { headers: { location } } = await post(open, '/whep/live', { headers: SDP, body: offer.whep });
    const events = `${location}/events`;
    await ask(open, `OPTIONS ${path}`, 200, events);
    await ask(open, `POST ${path}`, 400, events, { headers: JSON_TYPE, body: '["layers"]' });
    await ask(open, `POST ${path}`, 415, events, { headers: SDP, body: '["active"]' });
    await ask(open, `GET ${path}`, 200, events, { until });
    const made = await ask(open, `POST ${path}`, 201, events, { headers: JSON_TYPE, body: '["active","viewercount"]' });
    const stream = made.headers.location;
    const heard = await ask(open, `GET ${path}/{events}`, 200, stream, { until });
    assert.match(heard.text, /^event: active\ndata: {}\n/);
    await ask(open, `DELETE ${path}/{events}`, 200, stream);
    await ask(open, `DELETE ${path}/{events}`, 404, stream);
    await ask(open, `GET ${path}/{events}`, 404, stream);
    const gone = `/session/${'0'.repeat(32)}/events`;
    await ask(open, `POST ${path}`, 404, gone, { headers: JSON_TYPE, body: '["active"]' });
    await ask(open, `GET ${path}`, 404, gone);
});

it('answers operators', async () => {
    const admin = { headers: bearer(KEYS.admin) };
    await ask(open, 'GET /api/rooms/{room}', 200, '/api/rooms/live');
    const viewers = spawn(`${folder}/manycast-load`, ['--viewers', '2', '--duration', '30', `http://127.0.0.1:${open.port}/whep/live`],
        { stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
        const full = await ask(open, 'GET /api/rooms/{room}', 200, '/api/rooms/live?limit=50', admin);
        const { sessions } = JSON.parse(full.text);
        assert.ok(sessions.some(({ role }) => role === 'broadcaster'));
        if (sessions.some((session) => session.first_packet_ms !== null && session.bytes > 0)) break;
        assert.ok(tries < 100, 'nobody watches');
        await pause(100);
    }
    viewers.kill();
    await ask(open, 'GET /api/rooms/{room}', 404, '/api/rooms/nobody');
    await ask(open, 'GET /api/server', 200, '/api/server', admin);
    await ask(open, 'GET /api/server', 401, '/api/server');
    await ask(keyed, 'GET /api/server', 403, '/api/server', { headers: bearer(KEYS.publish) });
    await ask(open, 'GET /api/ice-servers', 200, '/api/ice-servers');
    await ask(open, 'GET /metrics', 200, '/metrics');
    await ask(keyed, 'GET /metrics', 401, '/metrics', { headers: bearer(KEYS.admin) });
    await ask(keyed, 'GET /metrics', 200, '/metrics', { headers: bearer(KEYS.metrics) });
    await ask(open, 'GET /healthz', 200, '/healthz');
    await ask(open, 'GET /readyz', 200, '/readyz');

    const kick = 'DELETE /api/sessions/{session}';
    const { headers: { location } } = await post(keyed, '/whip/kicked', { headers: { ...SDP, ...bearer(KEYS.publish) }, body: offer.whip });
    const session = location.replace('/session/', '/api/sessions/');
    await ask(keyed, kick, 401, session);
    await ask(keyed, kick, 403, session, { headers: bearer(KEYS.watch) });
    await ask(keyed, kick, 200, session, admin);
    await ask(keyed, kick, 404, session, admin);
});

it('mutes', async () => {
    const operation = 'POST /api/rooms/{room}/mute';
    const address = '/api/rooms/live/mute';
    const line = new Line(open.port, '/ws');
    await line.opened;
    line.send(JSON.stringify({ type: 'join', room: 'live' }));
    const { you } = JSON.parse(await line.take());
    const headers = { ...JSON_TYPE, ...bearer(KEYS.admin) };
    await ask(open, operation, 200, address, { headers, body: JSON.stringify({ from: you }) });
    await ask(open, operation, 400, address, { headers, body: '{}' });
    await ask(open, operation, 401, address, { headers: JSON_TYPE, body: JSON.stringify({ from: you }) });
    await ask(keyed, operation, 403, address, { headers: { ...JSON_TYPE, ...bearer(KEYS.publish) }, body: '{}' });
    await ask(open, operation, 404, address, { headers, body: '{"from":"nobody"}' });
    await line.close();
});

it('answers sockets and pages', async () => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
    const handshake = '/socket.io/?EIO=4&transport=polling';
    for (const path of ['/ws', '/signaling', '/signaling/{room}']) {
        await ask(open, `GET ${path}`, 101, path.replace('{room}', 'room'), { headers });
        await ask(open, `GET ${path}`, 426, path.replace('{room}', 'room'));
    }
    await ask(open, 'GET /socket.io/', 101, '/socket.io/?EIO=4&transport=websocket', { headers });
    const opened = await ask(open, 'GET /socket.io/', 200, handshake);
    const sid = `${handshake}&sid=${JSON.parse(opened.text.slice(1)).sid}`;
    await ask(open, 'POST /socket.io/', 200, sid, { headers: { 'Content-Type': 'text/plain' }, body: '40' });
    await ask(open, 'GET /socket.io/', 400, '/socket.io/');
    await ask(open, 'POST /socket.io/', 400, `${handshake}&sid=nobody`, { headers: { 'Content-Type': 'text/plain' }, body: '40' });
    for (const path of paths.filter((each) => described.includes(`GET ${each} 304`))) {
        const { headers: { etag } } = await ask(open, `GET ${path}`, 200, path.replace('{room}', 'room'));
        await ask(open, `GET ${path}`, 304, path.replace('{room}', 'room'), { headers: { 'If-None-Match': etag } });
    }
});

it('drains', async () => {
    const line = new Line(keyed.port, '/ws'); // somebody who stays
    await line.opened;
    line.send(JSON.stringify({ type: 'join', room: 'live', token: KEYS.watch }));
    await line.take();
    await ask(keyed, 'POST /api/drain', 401, '/api/drain');
    await ask(keyed, 'POST /api/drain', 403, '/api/drain', { headers: bearer(KEYS.publish) });
    await ask(keyed, 'POST /api/drain', 200, '/api/drain', { headers: bearer(KEYS.admin) });
    await ask(keyed, 'GET /readyz', 503, '/readyz');
    const headers = { ...SDP, ...bearer(KEYS.publish) };
    for (const kind of ['whip', 'whep'])
        for (const place of ['{room}', '{room}/{stream}'])
            await ask(keyed, `POST /${kind}/${place}`, 503, `/${kind}/late/main`, { headers, body: offer[kind] });
});

it('was asked for all that is described', () => {
    assert.deepEqual(described.filter((each) => !asked.has(each)), []);
});

// A route of the program, "GET /api/rooms/{}", and a path of the file, "/api/rooms/{room}".
function serves(route, path) {
    const [, at] = route.split(' ');
    const bare = path.replaceAll(/{\w+}/g, '{}');
    return route.startsWith('* ') && at.endsWith('{}') ? bare.startsWith(at) : bare === at;
}

it('describes every route, and no other', () => {
    const routes = execFileSync(`${folder}/manycast`, ['--routes'], { encoding: 'utf8' }).trim().split('\n');
    assert.ok(routes.length > 15);
    for (const route of routes) {
        const [method] = route.split(' ');
        const found = paths.filter((path) => serves(route, path));
        assert.ok(found.length > 0 && (method === '*' || described.some((each) => each.startsWith(`${method} ${found[0]} `))),
            `docs/openapi.yaml lacks ${route}`);
    }
    for (const path of paths) assert.ok(routes.some((route) => serves(route, path)), `there is no ${path}`);
});
