import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { KeyHeaderRoute } from '../../common/access.js';
import { GatewayError } from '../../core/errors.js';
import { modelList, oneModel } from './models.js';

const SHAPES =
  'In the shape of the Messages API when `anthropic-version` or `x-api-key` is sent, else in that of OpenAI.';

@ApiTags('OpenAI', 'Anthropic')
@KeyHeaderRoute()
@Controller('v1/models')
export class ModelsController {
  @Get()
  @ApiOperation({
    summary: 'Lists names of models; any other that claude knows may be used, too.',
    description: SHAPES,
  })
  @ApiOkResponse({ description: 'The list.', schema: { type: 'object', additionalProperties: true } })
  list(@Req() request: Request): object {
    return modelList(request.headers);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One of the listed names.', description: SHAPES })
  @ApiOkResponse({ description: 'The model.', schema: { type: 'object', additionalProperties: true } })
  @ApiResponse({
    status: 404,
    description: 'It is not listed.',
    schema: { type: 'object', additionalProperties: true },
  })
  get(@Param('id') id: string, @Req() request: Request): object {
    const model = oneModel(id, request.headers);
    if (model === undefined) throw new GatewayError('not_found', 'model: no model of this name is listed');
    return model;
  }
}
