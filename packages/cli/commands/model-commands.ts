import type { Command } from 'commander';
import { withContext, type Invocation } from '../command-context';
import { dateOption, userOption, wholeNumber } from '../option-parsers';
import { describeModel } from '../describe-model';
import { renderTable } from '../terminal';

export function addModelCommands(program: Command, invocation: Invocation): void {
  addTrain(program, invocation);
  addModels(program, invocation);
  addPredict(program, invocation);
  addAtRisk(program, invocation);
}

function addTrain(program: Command, invocation: Invocation): void {
  program
    .command('train')
    .description('Train, evaluate and register a model on features as they were served.')
    .option(
      '--as-of <date>',
      'use labels as of this day (default: the latest day known)',
      dateOption,
    )
    .option('--json', 'print one JSON document')
    .action((options: { asOf?: string; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print, progress }) => {
        const { metadata } = await (await platform()).jobs.train(options, progress);
        print(metadata, describeModel(metadata));
      }),
    );
}

function addModels(program: Command, invocation: Invocation): void {
  const models = program.command('models').description('The model registry.');
  models
    .command('list')
    .description('Every version, with its role.')
    .option('--json', 'print one JSON document')
    .action((options: { json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const document = await (await platform()).jobs.listModels();
        const rows = document.models.map((model) => [
          model.version,
          model.aliases.join(', '),
          model.auc.toFixed(4),
          model.created_at,
        ]);
        print(
          document,
          rows.length === 0
            ? 'No models yet.'
            : renderTable(['version', 'role', 'AUC', 'created at'], rows),
        );
      }),
    );
  models
    .command('show')
    .description('The metadata of a version.')
    .argument('<version>')
    .option('--json', 'print one JSON document')
    .action((version: string, options: { json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const metadata = await (await platform()).jobs.showModel(version);
        print(metadata, describeModel(metadata));
      }),
    );
  models
    .command('promote')
    .description('Make a version the champion.')
    .argument('<version>')
    .option('--reason <text>', 'why', 'promoted by hand')
    .option('--json', 'print one JSON document')
    .action((version: string, options: { reason: string; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const aliases = await (await platform()).jobs.promoteModel(version, options.reason);
        print(aliases, `Champion: ${aliases.champion ?? 'none'}`);
      }),
    );
  models
    .command('rollback')
    .description('Make the previous champion the champion again.')
    .option('--reason <text>', 'why', 'rolled back by hand')
    .option('--json', 'print one JSON document')
    .action((options: { reason: string; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const aliases = await (await platform()).jobs.rollbackModel(options.reason);
        print(aliases, `Champion: ${aliases.champion ?? 'none'}`);
      }),
    );
}

function addPredict(program: Command, invocation: Invocation): void {
  program
    .command('predict')
    .description('The probability that a user leaves in the next 30 days.')
    .argument('<user>', 'user id', userOption)
    .option('--explain', 'with the contribution of each feature')
    .option('--json', 'print one JSON document')
    .action((user: string, options: { explain?: boolean; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const prediction = await (
          await platform()
        ).jobs.predict(user, { explain: options.explain === true });
        const percent = (prediction.churn_probability * 100).toFixed(1);
        const reasons = (prediction.contributions ?? []).map(({ text }) => `  ${text}`);
        const head = `${user}: ${percent} % (${prediction.model_version}, features of ${prediction.feature_time})`;
        print(prediction, [head, ...reasons].join('\n'));
      }),
    );
}

function addAtRisk(program: Command, invocation: Invocation): void {
  program
    .command('at-risk')
    .description('The users most likely to leave, with reasons.')
    .option('--limit <n>', 'how many', wholeNumber({ min: 1, max: 100_000 }), 20)
    .option('--json', 'print one JSON document')
    .action((options: { limit: number; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const { users } = await (await platform()).jobs.atRisk({ limit: options.limit });
        const rows = users.map(({ user_id, churn_probability, reasons }) => [
          user_id,
          `${(churn_probability * 100).toFixed(1)} %`,
          reasons.join('; '),
        ]);
        print({ users }, renderTable(['user', 'risk', 'reasons'], rows));
      }),
    );
}
