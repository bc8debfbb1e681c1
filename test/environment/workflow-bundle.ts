import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { bundleWorkflows } from '../../worker/bundle-workflows';

const root = path.resolve(__dirname, '../..');
const folder = path.join(root, 'node_modules/.cache/churn');
/** What the bundle is made of (architecture.mjs) and by. */
const sources = [
  'worker',
  'workflows',
  'packages/contracts',
  'packages/instants',
  'packages/orchestration',
];

/** The path of a bundle of the workflows as they are now; undefined while there are none. */
export async function buildWorkflowBundle(): Promise<string | undefined> {
  const entry = path.join(root, 'workflows/index.ts');
  if (!/export (\*|\{ *\w|async|const|function)/.test(readFileSync(entry, 'utf8'))) {
    return undefined;
  }
  const file = path.join(folder, `workflows-${hashOfSources()}.js`);
  if (existsSync(file)) return file;
  const code = await bundleWorkflows();
  mkdirSync(folder, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, code);
  renameSync(temporary, file);
  return file;
}

function hashOfSources(): string {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')));
  for (const source of sources) {
    for (const name of readdirSync(path.join(root, source), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .sort()) {
      hash.update(`${source}/${name}\0`).update(readFileSync(path.join(root, source, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
