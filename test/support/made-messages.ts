/** What both SDKs make messages of that lie somewhere on the web. */
const url = 'https://files.example.com/x';
const picture = { uuid: 'u', type: 'image/png', size: 9, width: 2, height: 1, url };

export const onTheWeb = {
  url,
  file: { uuid: 'u', sourceUrl: url, fileName: 'notes.txt', fileSize: 3, filePath: '', fileType: '' },
  picture,
  pictures: { sourcePicture: picture, bigPicture: picture, snapshotPicture: picture, sourcePath: '' },
  sound: { uuid: 'u', soundPath: '', sourceUrl: url, dataSize: 9, duration: 2, soundType: 'm4a' },
  video: {
    ...{ videoPath: '', duration: 3, videoType: 'mp4', snapshotPath: '', videoUUID: 'u', videoUrl: url, videoSize: 9 },
    ...{
      snapshotUUID: 's',
      snapshotSize: 1,
      snapshotUrl: url,
      snapshotWidth: 2,
      snapshotHeight: 1,
      snapShotType: 'png',
    },
  },
} as const;
