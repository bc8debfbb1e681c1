import { ChurnError } from '../contracts';

/** How long the API may take to notice a new champion. */
const WAIT_MILLIS = 15_000;
const PAUSE_MILLIS = 200;

/** One `/predict` over HTTP; waits for the API to serve the champion. */
export async function callPredict({
  apiUrl,
  userId,
  champion,
}: {
  apiUrl: string;
  userId: string;
  champion: string | null;
}): Promise<Readonly<Record<string, unknown>>> {
  const deadline = performance.now() + WAIT_MILLIS;
  let problem = '';
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${apiUrl}/predict?explain=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: userId }),
      });
      const body = (await response.json()) as Readonly<Record<string, unknown>>;
      if (response.ok && (champion === null || body.model_version === champion)) return body;
      problem = response.ok ? `it still serves ${String(body.model_version)}` : String(body.detail);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLIS));
  }
  throw new ChurnError('RUN_FAILED', { what: 'POST /predict', problem });
}
