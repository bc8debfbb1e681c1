import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../packages/cli/program';
import { wordsOf } from '../packages/cli/usage-error';
import { dailyPipeline, type PipelineStep } from '../packages/contracts/pipeline';
import { featureSet, type FeatureSet } from '../packages/features/feature-set';
import type { FeatureDefinition } from '../packages/features/language/feature-definition';
import { architecture, evaluateInModule, read, root } from './repository-files';

/**
 * The parts of the documentation that follow from the code: what stands between
 * `<!-- generated: name -->` and `<!-- end of name -->` on a page. The documentation test compares;
 * `CHURN_UPDATE_DOCS=1 npx jest test/documentation.test.ts` writes them (then `make fix`).
 */
export const generatedParts: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['setting', 'default', 'meaning'],
      settings().map(({ name, value, meaning }) => [code(name), value && code(value), meaning]),
    ),
  commands: () =>
    leafCommands()
      .map((command) => `- ${code(usageOf(command))} – ${command.description()}`)
      .join('\n'),
  features: () => featureTable(featureSet),
  'feature-sections': () => featureSections(featureSet),
  'daily-dag': () =>
    ['```mermaid', 'flowchart LR', ...dailyPipeline.flatMap(edges), '```'].join('\n'),
  'daily-steps': () => table(stepHeader, dailyPipeline.map(stepRow)),
  architecture: () =>
    table(
      ['folder', 'may use'],
      Object.entries(architecture()).map(([folder, rules]) => [code(folder), describeRules(rules)]),
    ),
  'mutation-count': () => {
    const count = evaluateInModule<number>('bin/mutation-list.mjs', 'module.mutations.length');
    // Rounded, so that a new mutation does not change the page.
    return `There are more than ${Math.floor((count - 1) / 100) * 100} mutations.`;
  },
  decisions: () =>
    decisionFiles()
      .map((file) => `- [${titleOf(file)}](${file}) – ${statusOf(file)}`)
      .join('\n'),
};

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The features of a set, one row each. */
export function featureTable({ features }: Pick<FeatureSet, 'features'>): string {
  return table(
    ['name', 'type', 'unit', 'window', 'source', 'definition'],
    features.map(({ name, type, unit, windowDays, source, description }) => [
      `[${code(name)}](#${name})`,
      type,
      unit,
      windowDays === undefined ? 'since signup' : `(T − ${windowDays} d, T]`,
      code(source),
      description,
    ]),
  );
}

/** A section per feature: what it is, of what, over which window, without rows, and its notes. */
export function featureSections({ features }: Pick<FeatureSet, 'features'>): string {
  return features.map(featureSection).join('\n\n');
}

function featureSection(feature: FeatureDefinition): string {
  const { name, type, unit, description, source, windowDays, notes = [] } = feature;
  const window = windowDays === undefined ? 'No window.' : `Window (T − ${windowDays} d, T].`;
  const facts = `${type}, ${unit}; from ${code(source)}${rowsOf(feature)}. ${window} ${withoutRows(feature)}`;
  const points = [facts, ...notes].map((point) => `- ${point}`);
  return [`### ${code(name)}`, '', description, '', ...points].join('\n');
}

/** Which rows of the source count. */
function rowsOf({ eventType, source }: FeatureDefinition): string {
  if (eventType !== undefined) return `, only events of type ${code(eventType)}`;
  return source === 'plan_changes' ? '' : ', any event type';
}

/** The value of a user without a row in force. */
function withoutRows({ aggregate, default: value }: FeatureDefinition): string {
  if (value !== undefined) return `${code(String(value))} if there is no such row.`;
  if (aggregate.kind === 'days-since-last')
    return 'If there is no such row, it counts from signup.';
  if (aggregate.kind === 'latest-equals')
    return 'If there is no such row, the plan at signup decides.';
  return '0 if there is no such row.';
}

const code = (text: string) => `\`${text}\``;

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

/** The settings of .env.example, each with its default and the comment above it. */
export function settings(): Setting[] {
  const [own = ''] = read('.env.example').split('# For docker-compose only');
  return [...own.matchAll(/((?:^# .*\n)+)([A-Z_]+)=(.*)$/gm)].map(([, comment, name, value]) => ({
    name: name!,
    value: value!,
    meaning: comment!.replaceAll(/^# /gm, '').trim().replaceAll('\n', ' '),
  }));
}

/** Every command that does something, by its words. */
export function leafCommands(): Command[] {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  return leaves(createProgram({ run: async () => {}, now: () => 0n }));
}

function usageOf(command: Command): string {
  const options = command.options
    .filter(({ long }) => long !== '--json')
    .map(({ flags, mandatory }) => (mandatory ? flags : `[${flags}]`));
  const given = command.registeredArguments.map((argument) => `<${argument.name()}>`);
  return [wordsOf(command), ...given, ...options].join(' ');
}

const weekdayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A dotted edge: the step runs also when the one before it failed. */
function edges({ name, after, weekdays, runsAfterFailure }: PipelineStep): string[] {
  const days = weekdays ? `|${weekdays.map((day) => weekdayNames[day]).join(' ')}|` : '';
  return after.map((before) => `  ${before} ${runsAfterFailure ? '-.->' : '-->'}${days} ${name}`);
}

const stepHeader = ['step', 'days', 'SLA warn', 'SLA breach', 'one attempt', 'heartbeat', 'risk'];

function stepRow(step: PipelineStep): string[] {
  const { name, weekdays, slaMinutes, startToCloseMinutes, heartbeatSeconds, risk } = step;
  return [
    code(name),
    weekdays ? weekdays.map((day) => weekdayNames[day]).join(' ') : 'all',
    `${slaMinutes.warn} min`,
    `${slaMinutes.breach} min`,
    `${startToCloseMinutes} min`,
    `${heartbeatSeconds} s`,
    risk,
  ];
}

function describeRules(rules: readonly string[]): string {
  if (rules.length === 0) return 'nothing';
  if (rules.includes('*')) return 'everything';
  return rules.map((rule) => code(rule.replace(/^npm:/, ''))).join(', ');
}

/** docs/decisions/0001-….md and so on, in order. */
export function decisionFiles(): string[] {
  return readdirSync(path.join(root, 'docs/decisions'))
    .filter((name) => /^\d{4}-.+\.md$/.test(name))
    .sort();
}

function titleOf(file: string): string {
  return /^# (.+)$/m.exec(read(`docs/decisions/${file}`))?.[1] ?? '';
}

function statusOf(file: string): string {
  return /^## Status\n+(.+)$/m.exec(read(`docs/decisions/${file}`))?.[1] ?? '';
}
