/**
 * What the agent can be asked to do instead of echoing. A directive stands alone on the first line of the prompt
 * (after a header of attached files, if there is one); unknown ones are echoed like any text.
 *
 * | directive          | what happens                                                                          |
 * |--------------------|---------------------------------------------------------------------------------------|
 * | /help              | lists the directives                                                                  |
 * | /stream N [MS]     | N message chunks, MS milliseconds between two of them (default 50)                    |
 * | /flood N           | N message chunks as fast as the client reads them                                     |
 * | /sleep MS          | waits MS milliseconds, then says so                                                   |
 * | /tool              | a harmless tool call (the current time): pending, in_progress, completed              |
 * | /permission        | asks permission with all four kinds of option and says which was chosen               |
 * | /remember          | lists the earlier prompts of the conversation, with how they ended                    |
 * | /cwd               | says the working directory of the session                                             |
 * | /env NAME          | says whether the environment variable is set, never its value                         |
 * | /fail [MESSAGE]    | answers the prompt with a JSON-RPC error (-32603, `data.errorKind` asked_to_fail)     |
 * | /hang              | answers only when cancelled                                                           |
 * | /hang-deaf         | never answers, not even when cancelled                                                |
 * | /die [CODE]        | ends the process in the middle of the turn (default code 1)                           |
 *
 * A directive that runs to its end is followed by a usage_update and the result `end_turn`; wrong arguments get the
 * usage line as the reply.
 */
import type { Conversation } from './conversation.js';
import { RPC_CODES, RpcError } from './rpc-error.js';
import { askPermission, callTool } from './tool-directives.js';
import type { Turn } from './turn.js';

const MAX_CHUNKS = 10_000_000;
const MAX_SLEEP_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 50;
const MAX_EXIT_CODE = 255;
const MAX_LISTED_CHARACTERS = 200;

interface Directive {
  /** As it is typed. */
  readonly usage: string;
  readonly purpose: string;
  run(turn: Turn, argument: string, conversation: Conversation): Promise<void> | void;
}

/** Wrong arguments: the reply is the usage line. */
class UsageFault extends Error {}

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  help: { usage: '/help', purpose: 'list the directives', run: (turn) => turn.say(helpText()) },
  stream: {
    usage: '/stream N [MS]',
    purpose: `send N chunks, MS milliseconds apart (default ${DEFAULT_INTERVAL_MS})`,
    run: async (turn, argument) => {
      const [count, intervalMs] = readIntegers(argument, [MAX_CHUNKS, MAX_SLEEP_MS], 1);
      for (let chunk = 1; chunk <= count; chunk += 1) {
        if (chunk > 1) await turn.sleep(intervalMs ?? DEFAULT_INTERVAL_MS);
        await sayChunk(turn, chunk, count);
      }
    },
  },
  flood: {
    usage: '/flood N',
    purpose: 'send N chunks as fast as they are read',
    run: async (turn, argument) => {
      const [count] = readIntegers(argument, [MAX_CHUNKS], 1);
      for (let chunk = 1; chunk <= count; chunk += 1) await sayChunk(turn, chunk, count);
    },
  },
  sleep: {
    usage: '/sleep MS',
    purpose: 'wait MS milliseconds before answering',
    run: async (turn, argument) => {
      const [durationMs] = readIntegers(argument, [MAX_SLEEP_MS], 1);
      await turn.sleep(durationMs);
      turn.say(`slept ${durationMs} ms`);
    },
  },
  tool: { usage: '/tool', purpose: 'call a harmless tool (the current time)', run: callTool },
  permission: { usage: '/permission', purpose: 'ask permission for a harmless tool', run: askPermission },
  remember: {
    usage: '/remember',
    purpose: 'list the earlier prompts of this conversation',
    run: (turn, _argument, conversation) => turn.say(rememberedText(conversation)),
  },
  cwd: {
    usage: '/cwd',
    purpose: 'say the working directory of this session',
    run: (turn, _argument, conversation) => turn.say(conversation.cwd),
  },
  env: {
    usage: '/env NAME',
    purpose: 'say whether an environment variable is set',
    run: (turn, name) => {
      if (!/^\S+$/.test(name)) throw new UsageFault();
      turn.say(`${name} is ${process.env[name] === undefined ? 'not set' : 'set'}`);
    },
  },
  fail: {
    usage: '/fail [MESSAGE]',
    purpose: 'answer with an error',
    run: (_turn, message) => {
      const details = message === '' ? 'the prompt asked for a failure' : message;
      throw new RpcError(RPC_CODES.internalError, details, { errorKind: 'asked_to_fail', details });
    },
  },
  hang: {
    usage: '/hang',
    purpose: 'answer only when cancelled',
    run: (turn) => turn.untilCancelled(),
  },
  'hang-deaf': {
    usage: '/hang-deaf',
    purpose: 'never answer, not even when cancelled',
    run: () => new Promise<never>(() => undefined),
  },
  die: {
    usage: '/die [CODE]',
    purpose: 'end the process in the middle of the turn (default code 1)',
    run: async (turn, argument) => {
      const [code] = readIntegers(argument, [MAX_EXIT_CODE], 0);
      turn.say('dying');
      // What was said must have left first: an exit drops what a pipe has not taken yet.
      await turn.flushed();
      process.exit(code ?? 1);
    },
  },
};

/** Carries out a directive; false when there is none of that name. Rejects when cancelled and for /fail. */
export async function runDirective(
  turn: Turn,
  name: string,
  argument: string,
  conversation: Conversation,
): Promise<boolean> {
  const directive = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
  if (directive === undefined) return false;
  try {
    await directive.run(turn, argument, conversation);
  } catch (error) {
    if (!(error instanceof UsageFault)) throw error;
    turn.say(`usage: ${directive.usage}`);
  }
  return true;
}

async function sayChunk(turn: Turn, chunk: number, count: number): Promise<void> {
  turn.say(`chunk ${chunk} of ${count}\n`);
  await turn.paced();
}

/** Reads up to `maxima.length` non-negative integers, of which the first `required` must be there. */
function readIntegers(argument: string, maxima: [number], required: 0): [number | undefined];
function readIntegers(argument: string, maxima: [number], required: 1): [number];
function readIntegers(argument: string, maxima: [number, number], required: 1): [number, number | undefined];
function readIntegers(argument: string, maxima: number[], required: number): (number | undefined)[] {
  const words = argument.split(/\s+/).filter((word) => word !== '');
  if (words.length < required || words.length > maxima.length) throw new UsageFault();
  return maxima.map((maximum, index) => {
    const word = words[index];
    if (word === undefined) return undefined;
    const value = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
    if (!(value <= maximum)) throw new UsageFault();
    return value;
  });
}

function helpText(): string {
  const lines = Object.values(DIRECTIVES).map(({ usage, purpose }) => `${usage}: ${purpose}`);
  return ['Any text is echoed. On the first line of a prompt these do something else:', ...lines].join('\n');
}

function rememberedText(conversation: Conversation): string {
  const earlier = conversation.turns.slice(0, -1);
  if (earlier.length === 0) return 'nothing yet';
  return earlier
    .map(({ prompt, outcome }, index) => {
      const line = prompt.split('\n', 1)[0]?.slice(0, MAX_LISTED_CHARACTERS) ?? '';
      return `${index + 1}. ${line}${outcome === 'completed' ? '' : ` (${outcome})`}`;
    })
    .join('\n');
}
