import { modelList, oneModel } from './models.js';

describe('modelList', () => {
  it('has the shape of the API that the client speaks', () => {
    expect(modelList({ authorization: 'Bearer x' })).toMatchObject({
      object: 'list',
      data: expect.arrayContaining([
        { id: 'claude-code', object: 'model', created: 0, owned_by: 'clawdforge' },
      ]),
    });
    for (const headers of [{ 'anthropic-version': '2023-06-01' }, { 'x-api-key': 'cf_x' }]) {
      expect(modelList(headers)).toMatchObject({
        has_more: false,
        first_id: 'claude-code',
        last_id: 'haiku',
      });
    }
  });

  it('knows a model by its name, and none that is not listed', () => {
    expect(oneModel('sonnet', {})).toMatchObject({ id: 'sonnet', object: 'model' });
    expect(oneModel('sonnet', { 'x-api-key': 'k' })).toMatchObject({ id: 'sonnet', type: 'model' });
    expect(oneModel('toString', {})).toBeUndefined();
  });
});
