import { architectureRule } from './architecture.mjs';

/** The rules of this project, for the linter. */
export default { meta: { name: 'project' }, rules: { architecture: architectureRule } };
