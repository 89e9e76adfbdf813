import { projectSlug, transcriptPath } from './transcript-path.js';

describe('projectSlug', () => {
  it('turns everything but letters and digits into dashes, by UTF-16 unit', () => {
    expect(projectSlug('/home/me/my_project.v2')).toBe('-home-me-my-project-v2');
    expect(projectSlug('/ä🦀')).toBe('----');
  });

  it('cuts long paths and adds a hash of the whole', () => {
    const slug = projectSlug(`/${'a'.repeat(250)}`);
    expect(slug).toMatch(/^-a{199}-[0-9a-z]+$/);
    expect(slug).not.toBe(projectSlug(`/${'a'.repeat(251)}`));
  });
});

describe('transcriptPath', () => {
  it('is named by the session below the directory of the project', () => {
    expect(transcriptPath('/w', 'id')).toBe('projects/-w/id.jsonl');
  });
});
