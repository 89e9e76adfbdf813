import { makeCliHarness } from './cli-harness.js';
import { describeRunner } from './runner-contract.js';

// Every acpx command starts a node of its own; on a busy machine that takes seconds.
jest.setTimeout(90_000);

describeRunner('the acpx command line runner with real acpx and the echo agent', () => makeCliHarness());
