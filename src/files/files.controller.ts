import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../common/api-problems.js';
import { AppRoute } from '../common/access.js';
import { type AppCaller, Caller } from '../common/caller.js';
import { PageQuery } from '../common/page-query.dto.js';
import {
  DeleteFileResponse,
  FilePageResponse,
  UploadFileRequest,
  UploadFileResponse,
} from './dto/file.dto.js';
import { sendDownload } from './download.js';
import { toFileResponse, toUploadFileResponse } from './file.mapper.js';
import { FilesService } from './files.service.js';
import { UploadReceiver } from './upload.js';

@ApiTags('Files')
@AppRoute()
@Controller('files')
export class FilesController {
  constructor(
    private readonly files: FilesService,
    private readonly uploads: UploadReceiver,
  ) {}

  /** Uploads one file, for the `files` of runs and turns. */
  @Post()
  @HttpCode(200)
  @ApiProblems('validation_failed', 'unsupported_media_type', 'payload_too_large')
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: UploadFileRequest })
  async upload(
    @Caller() app: AppCaller,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadFileResponse> {
    const received = await this.uploads.receive(request, response);
    return toUploadFileResponse(await this.files.keep(app.appName, received));
  }

  /** Lists the app's files, newest first. */
  @Get()
  @ApiProblems('validation_failed', 'invalid_cursor')
  async list(@Caller() app: AppCaller, @Query() query: PageQuery): Promise<FilePageResponse> {
    const { rows, next } = await this.files.page(app.appName, query.limit, query.after);
    return { count: rows.length, files: rows.map(toFileResponse), next };
  }

  /** Downloads a file as an attachment. */
  @Get(':file_id')
  @ApiProblems('file_not_found')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ description: 'The bytes of the file.', schema: { type: 'string', format: 'binary' } })
  async download(
    @Caller() app: AppCaller,
    @Param('file_id') fileId: string,
    @Res() response: Response,
  ): Promise<void> {
    const file = await this.files.get(app.appName, fileId);
    await sendDownload(response, { path: this.files.pathOf(file), name: file.name, sha256: file.sha256 });
  }

  /** Deletes a file; a turn that was given its path may no longer find it. */
  @Delete(':file_id')
  @ApiProblems('file_not_found')
  async remove(@Caller() app: AppCaller, @Param('file_id') fileId: string): Promise<DeleteFileResponse> {
    await this.files.remove(app.appName, fileId);
    return { ok: true, file_id: fileId };
  }
}
