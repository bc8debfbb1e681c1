import { dailyPipeline, type StepName } from '../../packages/contracts/pipeline';
import type { PipelinePorts } from '../../packages/contracts/pipeline-ports';
import type { FakePipelinePorts } from './fake-pipeline-ports';

const portOf: Record<StepName, keyof PipelinePorts> = {
  generate_data: 'generateData',
  compute_features: 'computeDay',
  sync_online_features: 'syncOnline',
  train_model: 'trainModel',
  run_drift_detection: 'detectDrift',
  validate_schema: 'validateSchemas',
};

/** Fails unless, for every step, all steps it comes after had ended when it started. */
export function expectPipelineOrder(ports: FakePipelinePorts): void {
  const at = (step: StepName, phase: 'start' | 'end') =>
    ports.calls.findIndex((call) => call.port === portOf[step] && call.phase === phase);
  for (const { name, after } of dailyPipeline) {
    for (const upstream of after) {
      expect([name, at(upstream, 'end') < at(name, 'start')]).toEqual([name, true]);
    }
  }
}
