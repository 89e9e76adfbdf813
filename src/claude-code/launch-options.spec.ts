import { claudeArguments } from './launch-options.js';
import type { SessionHome } from './session-home.js';
import type { SessionSpec } from './session-spec.js';

const spec: SessionSpec = {
  id: 'ID',
  app: 'app',
  engine: 'terminal',
  cwd: '/w',
  model: null,
  system: null,
  permissionMode: 'bypassPermissions',
  allowedTools: [],
  disallowedTools: [],
  mcpServers: {},
  plantedHistory: [],
};
const home: SessionHome = {
  directory: '/h',
  configDir: '/h/config',
  tmpDir: '/h/tmp',
  transcriptFile: '/h/t.jsonl',
  plantedBytes: 0,
  systemFile: null,
};

describe('claudeArguments', () => {
  it('starts a fresh session with everything allowed but questions', () => {
    expect(claudeArguments(spec, home, null)).toEqual([
      '--session-id=ID',
      '--dangerously-skip-permissions',
      '--disable-slash-commands',
      '--setting-sources=user',
      '--strict-mcp-config',
      '--disallowedTools=AskUserQuestion',
    ]);
  });

  it('resumes a planted one, with all that was asked for', () => {
    const asked = {
      ...spec,
      model: 'a-model',
      permissionMode: 'plan' as const,
      allowedTools: ['Read', 'Bash(git log:*)'],
      disallowedTools: ['WebFetch'],
    };
    const args = claudeArguments(asked, { ...home, plantedBytes: 9, systemFile: '/h/s.txt' }, '/m.json');
    expect(args).toEqual(
      expect.arrayContaining([
        '--resume=ID',
        '--permission-mode=plan',
        '--disallowedTools=AskUserQuestion,WebFetch',
        '--allowedTools=Read,Bash(git log:*)',
        '--model=a-model',
        '--append-system-prompt-file=/h/s.txt',
        '--mcp-config=/m.json',
      ]),
    );
    expect(args).not.toContain('--dangerously-skip-permissions');
  });
});
