import Anthropic from '@anthropic-ai/sdk';

const [scene, baseURL, apiKey] = process.argv.slice(1);
const client = new Anthropic({ baseURL, apiKey, maxRetries: 2 });
const common = { model: 'claude-code', max_tokens: 1000 };
const user = (content) => ({ role: 'user', content });
const ask = (messages, more = {}) => client.messages.create({ ...common, messages, ...more });

const scenes = {
  async plain() {
    const messages = [user('marker:ONE hi')];
    const first = await ask(messages, { system: 'SYSTEM-MARK' });
    messages.push({ role: 'assistant', content: first.content }, user('recall'));
    return { first, second: await ask(messages, { system: 'SYSTEM-MARK' }) };
  },
  async stream() {
    const stream = client.messages.stream({ ...common, messages: [user('say:streamed')] });
    const events = [];
    stream.on('streamEvent', ({ type }) => events.push(type));
    const message = await stream.finalMessage();
    return { text: message.content[0].text, usage: message.usage, finish: message.stop_reason, events };
  },
  async cycle() {
    const messages = [user('tool:bash echo from a tool')];
    const first = await ask(messages);
    messages.push(...first.clawdforge.messages, user('say:two'));
    const second = await ask(messages);
    messages.push({ role: 'assistant', content: second.content[0].text }, user('say:three'));
    return { first, second, third: await ask(messages) };
  },
  async errors() {
    const bad = await ask([user('hi')], { tools: [{ name: 'x', input_schema: {} }] }).catch(told);
    const unknown = await new Anthropic({ baseURL, apiKey: 'cf_wrong' }).messages
      .create({ ...common, messages: [user('hi')] })
      .catch(told);
    const refused = await ask([user('error:400')]).catch(told);
    return { bad, unknown, refused };
  },
  async retry() {
    return { text: (await ask([user('say:at last')])).content[0].text };
  },
  async abort() {
    const stream = client.messages.stream({ ...common, messages: [user('hang')] });
    setTimeout(() => stream.abort(), 5000);
    return stream.finalMessage().catch((error) => ({ name: error.constructor.name }));
  },
  async models() {
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    return names;
  },
};

function told({ constructor, status, type, error, message }) {
  return { name: constructor.name, status, type: type ?? error?.error?.type, message };
}

console.log(JSON.stringify(await scenes[scene]()));
