import { Global, Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { MetricsRecorder } from './metrics-recorder.js';
import { RequestMetrics } from './request-metrics.js';

/** Global: every room may record what it does. */
@Global()
@Module({
  controllers: [MetricsController],
  providers: [MetricsRecorder, RequestMetrics],
  exports: [MetricsRecorder, RequestMetrics],
})
export class MetricsModule {}
