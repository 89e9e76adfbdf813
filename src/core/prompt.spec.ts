import { promptWithFiles } from './prompt.js';

it('puts header, paths and a blank line before the prompt, which stays as it is', () => {
  const prompt = '  --leading dashes\r\n\u0000🦊\n';
  expect(promptWithFiles(prompt, ['/a b', '/c'])).toBe(
    `[Attached files — open with Read tool as needed]\n  - /a b\n  - /c\n\n${prompt}`,
  );
});

it('is the prompt itself without files', () => {
  expect(promptWithFiles('hi', [])).toBe('hi');
});
