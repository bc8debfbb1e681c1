import { Body, Controller, Get, HttpCode, Inject, Param, Post, UsePipes } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { API_PORTS } from '../api-options';
import type { ChampionChange } from '../../packages/modeling';
import { portProblems } from '../port-problems';
import type { ApiPorts, JsonDocument } from '../ports';
import { ApiProblems } from '../http/problem.dto';
import { API_PROCESSES, type ApiProcesses } from '../processes/api-processes';
import { noServingModel, requireServingModel } from './require-serving-model';
import { createValidationPipe } from '../http/validation';
import {
  ChampionChangeDto,
  ChampionMoveDto,
  ModelListDto,
  ServingVersionDto,
  VersionParamDto,
} from './models.dto';

@ApiTags('models')
@Controller()
@UsePipes(createValidationPipe())
export class ModelsController {
  constructor(
    @Inject(API_PORTS) private readonly ports: ApiPorts,
    @Inject(API_PROCESSES) private readonly processes: ApiProcesses,
  ) {}

  @Get('model/version')
  @ApiOperation({ summary: 'The model that answers /predict now' })
  @ApiOkResponse({ type: ServingVersionDto })
  @ApiProblems(...noServingModel)
  serving(): ServingVersionDto {
    const model = requireServingModel(this.ports.servingModel);
    const { version, schemaHash, metadata } = model;
    return { model_version: version, schema_hash: schemaHash, metadata };
  }

  @Get('models')
  @ApiOperation({ summary: 'Every version, newest first, and which alias points where' })
  @ApiOkResponse({ type: ModelListDto })
  @ApiProblems(...portProblems.models.list)
  list(): Promise<ModelListDto> {
    return this.ports.models.list();
  }

  @Get('models/:version')
  @ApiOperation({ summary: "A version's metadata.json" })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  @ApiProblems('INVALID_REQUEST', ...portProblems.models.show)
  show(@Param() { version }: VersionParamDto): Promise<JsonDocument> {
    return this.ports.models.show(version);
  }

  @Post('models/:version/promote')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Makes a version the champion in the place of the one given; safe to repeat',
  })
  @ApiOkResponse({ type: ChampionChangeDto })
  @ApiProblems('INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', ...portProblems.models.promote)
  promote(
    @Param() { version }: VersionParamDto,
    @Body() { from, reason }: ChampionMoveDto,
  ): Promise<ChampionChange> {
    return this.served(this.ports.models.promote(version, { from, reason }));
  }

  @Post('models/rollback')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Makes the previous champion the champion again, in the place of the one given',
  })
  @ApiOkResponse({ type: ChampionChangeDto })
  @ApiProblems('INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', ...portProblems.models.rollback)
  rollback(@Body() { from, reason }: ChampionMoveDto): Promise<ChampionChange> {
    return this.served(this.ports.models.rollback({ from, reason }));
  }

  /**
   * Whoever changed the champion finds it serving when the answer arrives; also where the answer is
   * an error, because the change may have been made and only the word of it been lost.
   */
  private async served(change: Promise<ChampionChange>): Promise<ChampionChange> {
    try {
      return await change;
    } finally {
      await this.processes.refreshModel();
    }
  }
}
