
const model = samplerOf(await unpack(DATA));

export const sample = model.sample;
