import { makeAcpHarness } from './acp-harness.js';
import { describeRunner } from './runner-contract.js';

// On a busy machine the start of a process takes seconds.
jest.setTimeout(60_000);

describeRunner('the warm runner with the echo agent', () => makeAcpHarness());
