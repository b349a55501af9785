// docs/openapi.yaml as a judge of answers: which operation and status it knows, and what it finds wrong.
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const METHODS = ['get', 'head', 'options', 'post', 'patch', 'delete'];
const document = parse(readFileSync(new URL('../../../docs/openapi.yaml', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(document, 'openapi');

const lookUp = (value) => (value.$ref === undefined ? value
    : value.$ref.slice(2).split('/').reduce((at, step) => at[step], document));
const compiled = new Map();

// A schema of the document; its references are relative to it.
function check(schema, value) {
    if (!compiled.has(schema)) {
        const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"openapi#/');
        compiled.set(schema, ajv.compile(JSON.parse(text)));
    }
    const validate = compiled.get(schema);
    return validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

// "POST /whip/{room} 201" for all that is described, "default" left out.
export const described = [];
export const paths = Object.keys(document.paths);
for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS.filter((each) => each in item))
        for (const status of Object.keys(item[method].responses))
            if (status !== 'default') described.push(`${method.toUpperCase()} ${path} ${status}`);

function checkBody(content, answer) {
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    if (content === undefined) return answer.text === '' ? [] : ['has a body'];
    if (content[type] === undefined) return [`is of the type "${type}"`];
    return check(content[type].schema, type.endsWith('json') ? JSON.parse(answer.text) : answer.text);
}

// What is wrong with an answer to "POST /whip/{room}"; an empty list: nothing.
export function judge(operation, answer) {
    const [method, path] = operation.split(' ');
    const { responses } = document.paths[path][method.toLowerCase()];
    const response = responses[answer.status] ?? responses.default;
    if (response === undefined) return [`has the status ${answer.status}`];
    const { headers = {}, content } = lookUp(response);
    const wrong = method === 'HEAD' ? [] : checkBody(content, answer);
    for (const [name, reference] of Object.entries(headers)) {
        const header = lookUp(reference);
        const value = answer.headers[name.toLowerCase()];
        if (value !== undefined) wrong.push(...check(header.schema, value).map((each) => `${name}: ${each}`));
        else if (header.required) wrong.push(`has no ${name}`);
    }
    return wrong;
}
