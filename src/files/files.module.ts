import { Module } from '@nestjs/common';
import { FileReferences } from './file-references.js';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';
import { UploadLeftovers } from './upload-leftovers.js';
import { UploadReceiver } from './upload.js';

@Module({
  controllers: [FilesController],
  providers: [FilesService, UploadReceiver, UploadLeftovers, FileReferences],
  exports: [FileReferences],
})
export class FilesModule {}
