import { Body, Controller, HttpCode, Post, Query, Req, UsePipes } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { noServingModel } from '../models/require-serving-model';
import { portProblems } from '../port-problems';
import { ApiProblems } from '../http/problem.dto';
import { createValidationPipe, isUserId, validateBody } from '../http/validation';
import {
  ExplainQueryDto,
  PredictBatchRequestDto,
  PredictBatchResponseDto,
  PredictionDto,
  PredictRequestDto,
} from './predict.dto';
import { Predictor } from './predictor';

@ApiTags('predictions')
@Controller('predict')
export class PredictController {
  constructor(private readonly predictor: Predictor) {}

  /**
   * The hot route: `createApp` calls it without Nest in between, so that no pipe, guard, interceptor
   * or filter of a decorator has any effect on it. A well-formed body is recognised without
   * class-validator, which only words the refusal of a bad one.
   */
  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: "One user's probability of leaving within 30 days" })
  @ApiBody({ type: PredictRequestDto })
  @ApiQuery({ name: 'explain', enum: ['true', 'false'], required: false })
  @ApiOkResponse({ type: PredictionDto })
  @ApiProblems(
    'INVALID_REQUEST',
    'PAYLOAD_TOO_LARGE',
    'UNKNOWN_USER',
    ...noServingModel,
    ...portProblems.onlineFeatures.read,
  )
  predict(@Req() request: FastifyRequest): Promise<PredictionDto> {
    return this.predictor.predict(userIdOf(request.body), explainOf(request));
  }

  @Post('batch')
  @HttpCode(200)
  @UsePipes(createValidationPipe())
  @ApiOperation({ summary: 'Up to 1,000 users at once; each gets a prediction or an error' })
  @ApiOkResponse({ type: PredictBatchResponseDto })
  @ApiProblems(
    'INVALID_REQUEST',
    'PAYLOAD_TOO_LARGE',
    ...noServingModel,
    ...portProblems.onlineFeatures.readMany,
  )
  async predictBatch(
    @Body() body: PredictBatchRequestDto,
    @Query() query: ExplainQueryDto,
  ): Promise<PredictBatchResponseDto> {
    return { results: await this.predictor.predictBatch(body.user_ids, query.explain === 'true') };
  }
}

function userIdOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'user_id' in body) {
    const isPlain = Object.keys(body).length === 1;
    if (isPlain && isUserId(body.user_id)) return body.user_id;
  }
  return validateBody(PredictRequestDto, body).user_id;
}

function explainOf(request: FastifyRequest): boolean {
  if (!request.url.includes('?')) return false;
  return validateBody(ExplainQueryDto, { ...(request.query as object) }).explain === 'true';
}
