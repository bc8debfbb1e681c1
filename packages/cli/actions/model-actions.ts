import type { Prediction, Services } from '../../application';
import { describeModel } from './describe-model';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

export async function trainAction(
  options: { asOf?: string },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const { metadata } = await services.train(options, progress);
  return { document: metadata, text: describeModel(metadata) };
}

export async function listModelsAction(
  _input: object,
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const document = await services.listModels();
  const rows = document.models.map((model) => {
    const { version, aliases } = model;
    if (model.status === 'damaged') return [version, aliases.join(', '), 'damaged', ''];
    return [version, aliases.join(', '), model.auc.toFixed(4), model.created_at];
  });
  const header = ['version', 'role', 'AUC', 'created at'];
  return { document, text: rows.length === 0 ? 'No models yet.' : renderTable(header, rows) };
}

export async function showModelAction(
  { version }: { version: string },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const metadata = await services.showModel(version);
  return { document: metadata, text: describeModel(metadata) };
}

/** A change of champion; without `from`, it replaces the champion that is published now. */
export interface ChampionMoveOptions {
  readonly from?: string | null;
  readonly reason: string;
}

export async function promoteModelAction(
  { version, ...options }: { version: string } & ChampionMoveOptions,
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const move = await championMove(services, options);
  return championResult(await services.promoteModel(version, move));
}

export async function rollbackModelAction(
  options: ChampionMoveOptions,
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const change = await services.rollbackModel(await championMove(services, options));
  const result = championResult(change);
  const hint = `Another rollback makes ${change.previous} the champion again.`;
  const isUndone = change.changed && change.previous !== null;
  return isUndone ? { ...result, text: `${result.text}\n${hint}` } : result;
}

async function championMove(
  services: Services,
  { from, reason }: ChampionMoveOptions,
): Promise<{ from: string | null; reason: string }> {
  return { from: from === undefined ? (await services.champion()).version : from, reason };
}

function championResult(change: {
  readonly champion: string | null;
  readonly changed: boolean;
}): CommandResult {
  const note = change.changed ? '' : ' (it was already; nothing changed)';
  return { document: change, text: `Champion: ${change.champion ?? 'none'}${note}` };
}

export async function predictAction(
  { user, explain }: { user: string; explain: boolean },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const prediction = await services.predict(user, { explain });
  const percent = (prediction.churn_probability * 100).toFixed(1);
  const reasons = (prediction.contributions ?? []).map(({ text }) => `  ${text}`);
  const head = `${user}: ${percent} % (${prediction.model_version}, features of ${prediction.feature_time})`;
  return {
    document: prediction,
    text: [head, ...describeIneligible(prediction), ...reasons].join('\n'),
  };
}

/** A line where the probability must not be taken for what it says of an eligible user. */
function describeIneligible({ eligible, ineligible_reason: reason }: Prediction): string[] {
  if (eligible === true) return [];
  if (eligible === null)
    return [
      '  eligible or not is unknown: the online store lacks is_subscribed; the next daily run adds it',
    ];
  return [
    reason === 'left' ? '  has left: no longer subscribed' : '  dormant: no session in 30 days',
  ];
}

export async function atRiskAction(
  options: { limit: number },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const { users } = await services.atRisk(options);
  const rows = users.map(({ user_id, churn_probability, reasons }) => [
    user_id,
    `${(churn_probability * 100).toFixed(1)} %`,
    reasons.join('; '),
  ]);
  return { document: { users }, text: renderTable(['user', 'risk', 'reasons'], rows) };
}
