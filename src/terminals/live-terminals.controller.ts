import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AdminRoute } from '../common/access.js';
import { ApiProblems, BODY_PROBLEMS } from '../common/api-problems.js';
import { SseWriter } from '../common/sse.js';
import {
  LiveTerminalListResponse,
  ResizeRequest,
  ResizeResponse,
  TerminalSnapshotResponse,
  TypeRequest,
  TypeResponse,
} from './dto/live-terminal.dto.js';
import { toLiveTerminalResponse, toScreenResponse } from './live-terminal.mapper.js';
import { LiveTerminals } from './live-terminals.js';
import { streamTerminal } from './terminal-stream.js';
import { typedInput } from './typed-input.js';

@ApiTags('Admin')
@AdminRoute()
@Controller('admin/live-terminals')
export class LiveTerminalsController {
  constructor(private readonly terminals: LiveTerminals) {}

  /** Lists the live terminals of the Claude Code backend, of all apps; sessions of the engine `stream-json` have none. */
  @Get()
  @ApiProblems()
  list(): LiveTerminalListResponse {
    const terminals = this.terminals.list().map(toLiveTerminalResponse);
    return { count: terminals.length, terminals };
  }

  /** Tells what a terminal shows now. */
  @Get(':id')
  @ApiProblems('terminal_not_found')
  async snapshot(@Param('id') id: string): Promise<TerminalSnapshotResponse> {
    const live = this.terminals.get(id);
    const screen = toScreenResponse(await live.terminal.snapshot());
    return { terminal: toLiveTerminalResponse(live), screen };
  }

  /**
   * Follows a terminal. Events: `snapshot` (a screen) first, and again when the size changes or the reader fell behind;
   * `output` (`{"base64"}`: the bytes that came since); `end` when the terminal ends.
   */
  @Get(':id/stream')
  @ApiOkResponse({
    description: 'Server-sent events.',
    content: {
      'text/event-stream': {
        schema: { type: 'string' },
        example: 'event: output\ndata: {"base64":"G1sxbeKXjxtbMG0gSGVsbG8u"}\n\n',
      },
    },
  })
  @ApiProblems('terminal_not_found')
  async stream(@Param('id') id: string, @Res() response: Response): Promise<void> {
    await streamTerminal(this.terminals.get(id).terminal, new SseWriter(response));
  }

  /** Presses keys, by name or as text. The session is then its user's: no later request continues it. */
  @Post(':id/keys')
  @HttpCode(200)
  @ApiProblems(...BODY_PROBLEMS, 'terminal_not_found')
  async type(@Param('id') id: string, @Body() body: TypeRequest): Promise<TypeResponse> {
    const { input, detail } = typedInput(body);
    await this.terminals.type(id, input, detail);
    return { ok: true };
  }

  /** Gives the terminal another size, for everybody who watches it. */
  @Post(':id/size')
  @HttpCode(200)
  @ApiProblems(...BODY_PROBLEMS, 'terminal_not_found')
  async resize(@Param('id') id: string, @Body() { cols, rows }: ResizeRequest): Promise<ResizeResponse> {
    await this.terminals.resize(id, cols, rows);
    return { ok: true, cols, rows };
  }
}
