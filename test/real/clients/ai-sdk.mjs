import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output, streamText } from 'ai';
import { z } from 'zod';

const [scene, baseUrl, apiKey] = process.argv.slice(1);
const baseURL = `${baseUrl}/v1`;
/** Keeps what only we tell of the last plain answer, which the SDK passes over. */
let about;
const noting = async (...call) => {
  const answer = await fetch(...call);
  if (answer.headers.get('content-type')?.includes('json')) about = (await answer.clone().json()).clawdforge;
  return answer;
};
const models = {
  anthropic: createAnthropic({ baseURL, apiKey, fetch: noting })('claude-code'),
  openai: createOpenAI({ baseURL, apiKey, fetch: noting }).chat('claude-code'),
  compatible: createOpenAICompatible({
    name: 'clawdforge',
    baseURL,
    apiKey,
    fetch: noting,
    supportsStructuredOutputs: true,
  })('claude-code'),
};
const [kind, what] = scene.split(' ');
const model = models[kind];

const scenes = {
  async plain() {
    const messages = [{ role: 'user', content: 'marker:ONE hi' }];
    const first = await generateText({ model, messages });
    messages.push(...first.response.messages, { role: 'user', content: 'recall' });
    const second = await generateText({ model, messages });
    return {
      first: first.text,
      second: second.text,
      finish: second.finishReason,
      turns: about.num_turns,
    };
  },
  async stream() {
    const result = streamText({ model, prompt: 'tool:bash echo from a tool' });
    const parts = [];
    for await (const part of result.fullStream) parts.push(part.type);
    return { text: await result.text, finish: await result.finishReason, parts, usage: await result.usage };
  },
  async object() {
    const result = await generateText({
      model,
      prompt: 'say:{"day":"Monday"}',
      output: Output.object({ schema: z.object({ day: z.string() }) }),
    });
    return result.output;
  },
  async error() {
    return generateText({ model, prompt: 'error:400', maxRetries: 0 }).catch(
      ({ name, statusCode, message }) => ({ name, statusCode, message }),
    );
  },
};

console.log(JSON.stringify(await scenes[what]()));
