import { Module } from '@nestjs/common';
import { AcpxModule } from '../acpx/acpx.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { FilesModule } from '../files/files.module.js';
import { AdminSessionsController } from './admin-sessions.controller.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AgentsController } from './agents.controller.js';
import { EventHub } from './events/event-hub.js';
import { EventLog } from './events/event-log.js';
import { EventStore } from './events/event-store.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { SessionEventsService } from './events/session-events.service.js';
import { SessionOptionsReader } from './session-options.js';
import { TurnContent } from './turn-content.js';
import { TurnExecution } from './turn-execution.js';
import { TurnRequests } from './turn-requests.js';
import { TurnStore } from './turn-store.js';
import { TurnsController } from './turns.controller.js';
import { KnownSessions } from './known-sessions.js';
import { OpenSessions } from './open-sessions.js';
import { SessionDirectories } from './session-directory.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { SessionStore } from './session-store.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { TurnLedger } from './turn-ledger.js';
import { TurnQueues } from './turn-queue.js';
import { TurnsService } from './turns.service.js';

@Module({
  imports: [AcpxModule, AuditModule, FilesModule, TokensModule],
  controllers: [
    AgentsController,
    SessionsController,
    TurnsController,
    EventsController,
    AdminSessionsController,
  ],
  providers: [
    SessionStore,
    SessionsService,
    SessionDirectories,
    SessionLifecycle,
    SessionOptionsReader,
    KnownSessions,
    OpenSessions,
    EventHub,
    EventLog,
    EventStore,
    EventStreams,
    SessionEventsService,
    TurnContent,
    TurnExecution,
    TurnLedger,
    TurnQueues,
    TurnRequests,
    TurnStore,
    TurnsService,
  ],
  exports: [EventLog, SessionStore, SessionsService, SessionLifecycle, OpenSessions, TurnQueues],
})
export class SessionsModule {}
