// Asks a model on Millrace with OpenAI's own library: only the base URL is another one.
//
// usage: node ask.js BASE_URL API_KEY QUESTION
import OpenAI from 'openai';

const [baseURL, apiKey, question] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const model = (await client.models.list()).data[0].id;
const messages = [{ role: 'user', content: question }];
const asked = { model, messages, temperature: 0, max_tokens: 32 };

const whole = await client.chat.completions.create(asked);
let streamed = '';
let usage = null;
const stream = await client.chat.completions.create({
	...asked,
	stream: true,
	stream_options: { include_usage: true },
});
for await (const chunk of stream) {
	usage = chunk.usage ?? usage;
	for (const choice of chunk.choices) {
		streamed += choice.delta.content ?? '';
	}
}
const both = await client.chat.completions.create({ ...asked, n: 2 });
const number = { type: 'integer' };
const parameters = { type: 'object', properties: { first: number, second: number } };
const calling = client.chat.completions.stream({
	...asked,
	tools: [{ type: 'function', function: { name: 'add', parameters } }],
	tool_choice: 'required',
	max_tokens: 140,
});
const [call] = (await calling.finalMessage()).tool_calls;
const cut = await client.completions.create({ model, prompt: 'What is 1 plus', temperature: 0, max_tokens: 1 });

async function refused(kind, request) {
	try {
		await client.chat.completions.create({ ...asked, ...request });
	} catch (error) {
		if (error instanceof kind) return error.param ?? error.code;
		throw error;
	}
	throw new Error(`${JSON.stringify(request)} was not refused`);
}

console.log(
	JSON.stringify({
		model,
		answer: whole.choices[0].message.content,
		finish_reason: whole.choices[0].finish_reason,
		job: whole.millrace.job,
		fee: whole.millrace.fee,
		tokens: whole.usage.total_tokens,
		streamed,
		streamed_tokens: usage.total_tokens,
		called: call.function.name,
		arguments: JSON.parse(call.function.arguments),
		cut: cut.choices[0].finish_reason,
		unknown_model: await refused(OpenAI.NotFoundError, { model: 'no such model' }),
		two_answers: both.choices.map((choice) => choice.message.content),
		too_many_answers: await refused(OpenAI.BadRequestError, { n: 9 }),
	}),
);
