import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { BackendHarness } from '../../test/support/backend-harness.js';
import { ScriptedFactory } from '../../test/support/scripted-claude.js';
import { useTempDir } from '../../test/support/temp-dir.js';
import { TESTED_CLAUDE_VERSION } from './tested-version.js';

describe('ClaudeVersion', () => {
  const directory = useTempDir();

  it('follows the claude that is there, and warns once of one that was not tested', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const program = path.join(directory.path, 'claude');
    const install = async (version: string): Promise<void> => {
      await writeFile(program, `#!/bin/sh\necho '${version} (Claude Code)'\n`);
      await chmod(program, 0o700);
    };
    const environment = { CLAUDE_BIN: program, PATH: process.env.PATH ?? '' };
    const harness = await BackendHarness.open(environment, new ScriptedFactory());
    const { version } = harness;

    await version.check();
    expect(version.state).toMatchObject({ isPresent: false, found: null, isTested: null });
    await install(TESTED_CLAUDE_VERSION);
    await version.check();
    expect(version.state).toMatchObject({ isPresent: true, found: TESTED_CLAUDE_VERSION, isTested: true });
    expect(warn).not.toHaveBeenCalled();

    await install('9.9.9');
    await version.check();
    await version.check();
    expect(version.state).toMatchObject({ found: '9.9.9', isTested: false });
    expect(warn).toHaveBeenCalledTimes(1);
    await harness.close();
  });
});
