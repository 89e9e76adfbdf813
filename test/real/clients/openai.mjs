import OpenAI from 'openai';

const [scene, baseUrl, apiKey] = process.argv.slice(1);
const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey, maxRetries: 2 });
const model = 'claude-code';
const user = (content) => ({ role: 'user', content });

const scenes = {
  async plain() {
    const messages = [{ role: 'system', content: 'SYSTEM-MARK' }, user('marker:ONE hi')];
    const first = await client.chat.completions.create({ model, messages });
    messages.push(first.choices[0].message, user('recall'));
    const second = await client.chat.completions.create({ model, messages });
    return { first, second };
  },
  async stream() {
    const stream = await client.chat.completions.create({
      model,
      messages: [user('say:streamed')],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    return { text, usage: chunks.at(-1).usage, finish: chunks.at(-2).choices[0].finish_reason };
  },
  async cycle() {
    const messages = [user('tool:bash echo from a tool')];
    const first = await client.chat.completions.create({ model, messages });
    messages.push(...first.clawdforge.messages, user('say:two'));
    const second = await client.chat.completions.create({ model, messages });
    messages.push({ role: 'assistant', content: second.choices[0].message.content }, user('say:three'));
    const third = await client.chat.completions.create({ model, messages });
    return { first, second, third };
  },
  async errors() {
    const bad = await client.chat.completions.create({ model, messages: [user('hi')], n: 2 }).catch(told);
    const stranger = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: 'cf_wrong' });
    const unknown = await stranger.chat.completions.create({ model, messages: [user('hi')] }).catch(told);
    const refused = await client.chat.completions
      .create({ model, messages: [user('error:400')] })
      .catch(told);
    return { bad, unknown, refused };
  },
  async retry() {
    const answer = await client.chat.completions.create({ model, messages: [user('say:at last')] });
    return { text: answer.choices[0].message.content };
  },
  async abort() {
    const leaving = new AbortController();
    const running = client.chat.completions.create(
      { model, messages: [user('hang')] },
      { signal: leaving.signal },
    );
    setTimeout(() => leaving.abort(), 5000);
    return running.catch((error) => ({ name: error.constructor.name }));
  },
  async models() {
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    return names;
  },
};

function told({ constructor, status, type, param, code, message }) {
  return { name: constructor.name, status, type, param, code, message };
}

console.log(JSON.stringify(await scenes[scene]()));
