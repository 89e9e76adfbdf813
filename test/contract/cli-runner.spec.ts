import { makeCliHarness } from './cli-harness.js';
import { describeRunner } from './runner-contract.js';

describeRunner('the acpx command line runner with real acpx and the echo agent', () => makeCliHarness());
