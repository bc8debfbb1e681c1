import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Res,
  UsePipes,
} from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  backfillDocument,
  type BackfillPreview,
  type BackfillRequest,
} from '../../packages/contracts';
import { formatInstant, parseInstant } from '../../packages/instants';
import { requireBackfillRange } from '../../packages/orchestration';
import { API_PORTS } from '../api-options';
import { portProblems } from '../port-problems';
import type { ApiPorts } from '../ports';
import { ApiProblems } from '../http/problem.dto';
import { createValidationPipe } from '../http/validation';
import {
  BackfillChangeDto,
  BackfillIdDto,
  BackfillPlanDto,
  BackfillProgressDto,
  BackfillRequestDto,
  BackfillStartedDto,
} from './backfills.dto';

@ApiTags('backfills')
@Controller('backfill')
@UsePipes(createValidationPipe())
export class BackfillsController {
  constructor(@Inject(API_PORTS) private readonly ports: ApiPorts) {}

  @Post()
  @ApiOperation({ summary: 'Starts a backfill, or attaches to the identical one that is running' })
  @ApiExtraModels(BackfillPlanDto, BackfillStartedDto)
  @ApiAcceptedResponse({ type: BackfillStartedDto, description: 'Started.' })
  @ApiOkResponse({
    description: 'Attached to the running one; or the plan of a dry run.',
    schema: {
      oneOf: [
        { $ref: getSchemaPath(BackfillStartedDto) },
        { $ref: getSchemaPath(BackfillPlanDto) },
      ],
    },
  })
  @ApiProblems('PAYLOAD_TOO_LARGE', ...portProblems.backfills.start, ...portProblems.backfills.plan)
  async start(
    @Body() body: BackfillRequestDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BackfillStartedDto | BackfillPlanDto> {
    const request = requestOf(body);
    if (body.dry_run) {
      reply.code(200);
      return planDocument(await this.ports.backfills.plan(request));
    }
    const { id, status, created, warnings } = await this.ports.backfills.start(request);
    reply.code(created ? 202 : 200).header('location', `/backfill/${id}`);
    return { id, status, warnings };
  }

  @Get(':id')
  @ApiOperation({ summary: 'The progress of a backfill' })
  @ApiOkResponse({ type: BackfillProgressDto })
  @ApiProblems('INVALID_REQUEST', ...portProblems.backfills.progress)
  async progress(@Param() { id }: BackfillIdDto): Promise<BackfillProgressDto> {
    return backfillDocument(await this.ports.backfills.progress(id));
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Pauses a backfill between two dates, and before or in its sync and training',
  })
  @ApiOkResponse({ type: BackfillChangeDto })
  @ApiProblems('INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', ...portProblems.backfills.pause)
  async pause(@Param() { id }: BackfillIdDto): Promise<BackfillChangeDto> {
    return backfillDocument(await this.ports.backfills.pause(id));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Resumes a paused backfill' })
  @ApiOkResponse({ type: BackfillChangeDto })
  @ApiProblems('INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', ...portProblems.backfills.resume)
  async resume(@Param() { id }: BackfillIdDto): Promise<BackfillChangeDto> {
    return backfillDocument(await this.ports.backfills.resume(id));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cancels a backfill; what it published stays' })
  @ApiOkResponse({ type: BackfillChangeDto })
  @ApiProblems('INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', ...portProblems.backfills.cancel)
  async cancel(@Param() { id }: BackfillIdDto): Promise<BackfillChangeDto> {
    return backfillDocument(await this.ports.backfills.cancel(id));
  }
}

/** @throws ChurnError INVALID_DATE_RANGE when `to` is before `from`, or years after it. */
function requestOf(body: BackfillRequestDto): BackfillRequest {
  const { from, to, reprocess, train, known_at: knownAt } = body;
  requireBackfillRange({ from, to });
  const isNamed = knownAt === 'latest' || knownAt === 'as-served';
  return {
    from,
    to,
    reprocess,
    train,
    knownAt: isNamed ? knownAt : formatInstant(parseInstant(knownAt)),
  };
}

function planDocument(plan: BackfillPreview): BackfillPlanDto {
  const { id, knowledge, planned, skipped, chunks, warnings } = plan;
  return {
    id,
    status: 'dry-run',
    known_at: knowledge.knownAt,
    planned,
    succeeded: 0,
    skipped,
    failed: [],
    errors: [],
    reason: null,
    chunks,
    warnings,
  };
}
