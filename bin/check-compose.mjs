#!/usr/bin/env node
// Checks docker-compose.yml against bin/compose.schema.json: the part of the Compose format used
// here, narrowed by what this project promises (health checks, loopback ports, given passwords).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { root } from './source-files.mjs';

const read = (file) => readFileSync(path.join(root, file), 'utf8');
const schema = JSON.parse(read('bin/compose.schema.json'));
const compose = parse(read('docker-compose.yml'), { merge: true });

const validate = new Ajv({
  allErrors: true,
  strictRequired: false,
  strictTuples: false,
  allowUnionTypes: true,
}).compile(schema);
const problems = validate(compose)
  ? danglingNames(compose)
  : validate.errors.map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
for (const problem of problems) process.stderr.write(`docker-compose.yml: ${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Names that refer to nothing, which a schema can't see. */
function danglingNames({ services, volumes = {} }) {
  return Object.entries(services).flatMap(([name, service]) => [
    ...Object.keys(service.depends_on ?? {})
      .filter((other) => !(other in services))
      .map((other) => `${name} depends on ${other}, which is not a service`),
    ...(service.volumes ?? [])
      .map((mount) => mount.replace(/^\$\{\w+:-([^}]*)\}/, '$1').split(':')[0])
      .filter((source) => !source.startsWith('.') && !(source in volumes))
      .map((source) => `${name} mounts ${source}, which is not a volume`),
  ]);
}
