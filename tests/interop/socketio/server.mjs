// Starts a program of ours on a free port, and speaks plain HTTP and WebSocket with it.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import http from 'node:http';

export const WebSocket = createRequire(import.meta.url)('ws');

const folder = process.env.BUILD_FOLDER ?? new URL('../../../build/dev', import.meta.url).pathname;

// Resolves with { port, stop } once its output matches.
export function start(program, options, announcement) {
    const child = spawn(`${folder}/${program}`, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Promise((resolve, reject) => {
        let output = '';
        child.stdout.on('data', (text) => {
            output += text;
            const found = output.match(announcement);
            if (found)
                resolve({
                    port: Number(found[1]),
                    process: child,
                    stop: () =>
                        new Promise((ended) => {
                            child.once('exit', (status) => ended(status));
                            child.kill();
                        }),
                });
        });
        child.once('exit', (status) => reject(new Error(`${program} ended with ${status}: ${output}`)));
    });
}

export function startEcho(...options) {
    return start('socketio_echo', ['--port', '0', ...options], /listening on port (\d+)/);
}

// One request on a connection of its own.
export function request(port, path, { method = 'GET', body, headers = {}, agent } = {}) {
    return new Promise((resolve, reject) => {
        const asked = http.request({ port, path, method, agent, headers, host: '127.0.0.1' }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => {
                const bytes = Buffer.concat(parts);
                resolve({ status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() });
            });
        });
        asked.on('error', reject);
        if (body !== undefined) asked.setHeader('Content-Length', Buffer.byteLength(body));
        else if (method !== 'GET') asked.setHeader('Content-Length', 0);
        asked.end(body);
    });
}

// A WebSocket whose messages are taken one by one, in order, none lost.
export class Line {
    constructor(port, path) {
        this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
        this.messages = [];
        this.waiting = [];
        this.closed = new Promise((resolve) => {
            this.socket.on('error', () => {});
            this.socket.on('close', (code) => {
                this.waiting.splice(0).forEach((wake) => wake(undefined));
                resolve(code);
            });
        });
        this.refused = new Promise((resolve) => {
            this.socket.on('unexpected-response', (asked, answer) => {
                resolve(answer.statusCode);
                this.socket.terminate();
            });
        });
        this.opened = new Promise((resolve) => this.socket.on('open', resolve));
        this.socket.on('message', (data, isBinary) => {
            const message = isBinary ? data : data.toString();
            if (this.waiting.length > 0) this.waiting.shift()(message);
            else this.messages.push(message);
        });
    }

    // The next message; undefined once the socket is closed.
    take() {
        if (this.messages.length > 0) return Promise.resolve(this.messages.shift());
        if (this.socket.readyState === WebSocket.CLOSED) return Promise.resolve(undefined);
        return new Promise((resolve) => this.waiting.push(resolve));
    }

    send(...messages) {
        for (const message of messages) this.socket.send(message);
    }

    close() {
        this.socket.close();
        return this.closed;
    }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Ports below the ephemeral range.
export async function startServer(...options) {
    for (let tries = 0; ; tries++) {
        const first = 21000 + Math.floor(Math.random() * 100) * 100;
        const settings = ['--http-port', '0', '--media-port', String(first), '--ingest-ports', `${first + 1}-${first + 50}`,
            '--drain-seconds', '0'];
        try {
            return await start('manycast', [...settings, ...options], /http:\/\/localhost:(\d+)\//);
        } catch (error) {
            if (tries === 5) throw error;
        }
    }
}
