import { Controller, Get, Inject, Query, Res, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API_PORTS } from '../api-options';
import { portProblems } from '../port-problems';
import type { ApiPorts } from '../ports';
import { signalOfClient } from '../http/client-signal';
import { ApiProblems } from '../http/problem.dto';
import { createValidationPipe } from '../http/validation';
import { AtRiskQueryDto, AtRiskResponseDto } from './users.dto';

@ApiTags('users')
@Controller('users')
@UsePipes(createValidationPipe())
export class UsersController {
  constructor(@Inject(API_PORTS) private readonly ports: ApiPorts) {}

  @Get('at-risk')
  @ApiOperation({ summary: 'Who will most likely leave in the next 30 days, and why' })
  @ApiOkResponse({ type: AtRiskResponseDto })
  @ApiProblems('INVALID_REQUEST', ...portProblems.atRisk.list)
  atRisk(
    @Query() { limit }: AtRiskQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AtRiskResponseDto> {
    return this.ports.atRisk.list({ limit }, signalOfClient(reply));
  }
}
