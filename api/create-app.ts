import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ApiMetrics } from './api-metrics';
import type { ApiOptions } from './api-options';
import { ApiModule } from './api.module';
import type { ApiPorts } from './ports';
import { PredictController } from './predict/predict.controller';
import { predictRouteSchemas } from './predict/predict-schema';
import {
  DEFAULT_CONNECTION_LIMITS,
  limitConnections,
  serverTimeouts,
  type ConnectionLimits,
} from './http/connection-limits';
import { drainConnections } from './http/drain-connections';
import { parseJsonBodies } from './http/json-body';
import { ProblemFilter, sendProblem, type ProblemContext } from './http/problem.filter';
import { createSecurityHook, type SecurityHook } from './http/request-guard';
import { RouteMethods } from './http/route-methods';
import { createUnreadableRequestHandler, refuseExpectation } from './http/unreadable-request';

const BODY_LIMIT_BYTES = 64 * 1024;
/** 1,000 of the longest ids fit, however their characters are escaped. */
const BATCH_BODY_LIMIT_BYTES = 1024 * 1024;
/** Node reads no longer request line: what a path may hold is for the validation of its route to say. */
const PATH_LENGTH_MAX = 16 * 1024;

const DRAIN_MS = 4_000;

/** The application, ready to listen. Whoever passes the ports closes them. */
export async function createApp(
  ports: ApiPorts,
  options: ApiOptions,
): Promise<NestFastifyApplication> {
  const { logger } = options;
  const limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.connectionLimits };
  const problems = { logger, routeMethods: new RouteMethods() };
  const guard = createSecurityHook(options.allowedHosts);
  const adapter = new FastifyAdapter({
    ...serverOptions(limits, { guard, problems }),
    // No Nest middleware is used, so its layer is left out of every request.
    skipMiddie: true,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  limitConnections(fastify.server, limits, { logger, now: Date.now });
  fastify.server.on('checkExpectation', refuseExpectation);
  fastify.addHook('onRequest', guard);
  drainConnections(fastify, options.drainMs ?? DRAIN_MS);
  const schemas = predictRouteSchemas(ports.featureSchema);
  fastify.addHook('onRoute', (route) => {
    problems.routeMethods.add(route.url, route.method);
    const schema = schemas.get(route.url);
    if (schema) route.schema = { ...route.schema, ...schema };
    if (route.url === '/predict/batch') route.bodyLimit = BATCH_BODY_LIMIT_BYTES;
    // Straight to the controller: pipes, guards and interceptors, which Nest puts around a handler,
    // would do nothing here but cost. Documentation, answers and errors are as of any other route.
    if (route.url === '/predict') route.handler = (request) => predictController.predict(request);
  });
  parseJsonBodies(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.with(ports, options),
    adapter,
    { logger: nestLogger(logger), bodyParser: false, abortOnError: false },
  );
  const predictController = app.get(PredictController);
  observeRequests(fastify, app.get(ApiMetrics));
  app.useGlobalFilters(new ProblemFilter(problems));
  // Built when somebody first asks for it.
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app), {
    jsonDocumentUrl: 'docs/json',
    yamlDocumentUrl: 'docs/yaml',
    customSiteTitle: 'Churn platform API',
  });
  await app.init();
  await fastify.ready();
  return app;
}

function serverOptions(
  limits: ConnectionLimits,
  { guard, problems }: { guard: SecurityHook; problems: ProblemContext },
) {
  return {
    ...serverTimeouts(limits),
    bodyLimit: BODY_LIMIT_BYTES,
    // A request that still comes on an open connection is answered, and the connection closed.
    return503OnClosing: false,
    routerOptions: { maxParamLength: PATH_LENGTH_MAX },
    clientErrorHandler: createUnreadableRequestHandler(limits.requestTimeoutMs),
    // What fails before a route is found, such as a path that can't be decoded: no hook has run.
    frameworkErrors: (error: Error, raw: unknown, rawReply: unknown) => {
      const [request, reply] = [raw as FastifyRequest, rawReply as FastifyReply];
      guard(request, reply, (refusal) => sendProblem(refusal ?? error, request, reply, problems));
    },
  };
}

export function createOpenApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Churn platform')
    .setDescription(
      'Predicts which users will leave in the next 30 days, and why. Errors are RFC 9457 problems.',
    )
    .setVersion('1')
    .build();
  return SwaggerModule.createDocument(app, config);
}

function observeRequests(fastify: FastifyInstance, metrics: ApiMetrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

/** Nest's own messages: warnings and errors go to the log, its start-up chatter does not. */
function nestLogger(logger: Logger): LoggerService {
  return {
    log: (message: unknown) => logger.debug({ nest: message }),
    warn: (message: unknown) => logger.warn({ nest: message }),
    error: (message: unknown) => logger.error({ nest: message }),
  };
}
