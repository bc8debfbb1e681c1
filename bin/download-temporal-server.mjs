#!/usr/bin/env node
// `node bin/download-temporal-server.mjs dev-server|time-skipping FOLDER`: lets the SDK download a
// server into FOLDER, by starting and stopping it once. It has to be a process of its own, as the
// SDK's download can't be given a deadline.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [server, downloadDir] = process.argv.slice(2);
const options = { server: { executable: { type: 'cached-download', downloadDir } } };
const environment =
  server === 'dev-server'
    ? await TestWorkflowEnvironment.createLocal(options)
    : await TestWorkflowEnvironment.createTimeSkipping(options);
await environment.teardown();
