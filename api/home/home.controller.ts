import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthReport } from '../health/health-report';
import { renderHomePage } from './home-page';

@ApiExcludeController()
@Controller()
export class HomeController {
  constructor(private readonly health: HealthReport) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  async page(): Promise<string> {
    return renderHomePage(await this.health.read());
  }
}
