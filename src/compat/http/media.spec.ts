import { imageFault, pdfFault, readDataUrl } from './media.js';

export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('imageFault', () => {
  it('finds nothing wrong with an image', () => {
    expect(imageFault('image/png', PNG)).toBeUndefined();
    expect(imageFault('image/gif', Buffer.from('GIF89a....').toString('base64'))).toBeUndefined();
    expect(imageFault('image/webp', Buffer.from('RIFF\n\0\0\0WEBPVP8 ').toString('base64'))).toBeUndefined();
  });

  it.each([
    ['image/svg+xml', PNG, 'takes image/png'],
    [undefined, PNG, 'takes image/png'],
    ['image/png', 'not base64!', 'is not base64'],
    ['image/png', '', 'is not base64'],
    ['image/png', 7, 'is not base64'],
    ['image/jpeg', PNG, 'is not an image of type image/jpeg'],
    ['image/png', Buffer.from('hello there').toString('base64'), 'is not an image'],
  ])('names what is wrong with %j %j', (mediaType, base64, fault) => {
    expect(imageFault(mediaType, base64)).toContain(fault);
  });
});

describe('pdfFault', () => {
  it('knows a PDF by its start', () => {
    expect(pdfFault(Buffer.from('%PDF-1.7\n').toString('base64'))).toBeUndefined();
    expect(pdfFault(PNG)).toBe('is not a PDF');
  });
});

describe('readDataUrl', () => {
  it('takes one apart', () => {
    expect(readDataUrl(`data:image/PNG;base64,${PNG}`)).toEqual({ mediaType: 'image/png', base64: PNG });
  });

  it.each(['https://example.org/a.png', 'data:image/png,raw', 'data:;base64,AAAA', 'data:image/png;base64'])(
    'does not take %s for one',
    (url) => {
      expect(readDataUrl(url)).toBeUndefined();
    },
  );
});
