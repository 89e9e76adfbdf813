import { makeAcpHarness } from './acp-harness.js';
import { describeRunner } from './runner-contract.js';

describeRunner('the warm runner with the echo agent', () => makeAcpHarness());
