//! With a server of this test's own, which does what it is told.

use std::sync::{Arc, Mutex};

use axum::{
	extract::State,
	http::StatusCode,
	routing::{get, post},
	Json, Router,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

const DIGEST: H256 = H256::repeat_byte(0xab);
/// Begins as a PNG; nobody looks further.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

#[derive(Clone)]
struct Script {
	status: StatusCode,
	answer: Value,
	/// What the server tells of its checkpoint.
	sha256: Option<String>,
	asked: Arc<Mutex<Vec<Value>>>,
}

async fn draw(State(script): State<Script>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
	script.asked.lock().unwrap().push(body);
	(script.status, Json(script.answer))
}

async fn checkpoints(State(script): State<Script>) -> Json<Value> {
	Json(json!([{ "title": "tiny.safetensors", "sha256": script.sha256 }]))
}

impl Script {
	fn new(answer: Value) -> Self {
		Self { status: StatusCode::OK, answer, sha256: None, asked: Arc::default() }
	}

	/// An engine for this server, and the folder where it keeps images.
	async fn engine(&self, api: Api) -> (Image, TempDir) {
		let router = Router::new()
			.route("/sdapi/v1/sd-models", get(checkpoints))
			.route("/sdapi/v1/txt2img", post(draw))
			.route("/v1/models", get(|| async { Json(json!({ "data": [{ "id": "tiny.safetensors" }] })) }))
			.route("/v1/images/generations", post(draw))
			.with_state(self.clone());
		let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("http://{}/", listener.local_addr().unwrap());
		tokio::spawn(async move { axum::serve(listener, router).await });
		let models = vec![Served { name: "tiny.safetensors".into(), digest: DIGEST }];
		let public_url = Some("https://images.example".into());
		let folder = TempDir::new().unwrap();
		let settings = Settings { url, api, timeout_secs: Some(5), public_url, models };
		(Image::new(&settings, Artifacts::new(folder.path())).unwrap(), folder)
	}
}

fn request() -> ImageRequest {
	ImageRequest {
		digest: DIGEST,
		input: "a mill".into(),
		width: 512,
		height: 768,
		steps: 20,
		guidance_milli: 7_500,
		seed: u64::MAX,
	}
}

fn encoded() -> String {
	STANDARD.encode(PNG)
}

async fn failure(script: &Script, api: Api) -> EngineError {
	let (engine, _folder) = script.engine(api).await;
	engine.draw(request(), CancellationToken::new()).await.unwrap_err()
}

#[tokio::test]
async fn image_should_be_kept_and_named_when_either_interface_draws_it() {
	for (api, answer) in [
		(Api::Automatic1111, json!({ "images": [encoded()], "info": "{}" })),
		(Api::Openai, json!({ "created": 1, "data": [{ "b64_json": encoded() }] })),
	] {
		let script = Script::new(answer);
		let (engine, folder) = script.engine(api).await;
		engine.health().await.unwrap();
		assert_eq!(engine.models().await.unwrap()[0].digest, DIGEST);
		let drawn = engine.draw(request(), CancellationToken::new()).await.unwrap();
		let document: Value = serde_json::from_slice(&drawn.output).unwrap();
		assert_eq!((&document["bytes"], &document["media_type"]), (&json!(PNG.len()), &json!("image/png")));
		let sha256 = document["sha256"].as_str().unwrap();
		assert_eq!(document["url"], format!("https://images.example/artifacts/{sha256}"));
		assert_eq!(std::fs::read(folder.path().join("artifacts").join(sha256)).unwrap(), PNG);
		assert_eq!((drawn.usage.output_tokens, drawn.usage.input_tokens), (0, 0));
		assert!(drawn.usage.gpu_ms > 0 && drawn.transcript.is_empty());
	}
}

#[tokio::test]
async fn server_should_be_told_everything_when_an_image_is_asked_for() {
	let script = Script::new(json!({ "images": [encoded()] }));
	let (engine, _folder) = script.engine(Api::Automatic1111).await;
	engine.draw(request(), CancellationToken::new()).await.unwrap();
	let asked = script.asked.lock().unwrap().remove(0);
	assert_eq!((&asked["prompt"], &asked["width"], &asked["height"]), (&json!("a mill"), &json!(512), &json!(768)));
	assert_eq!((&asked["steps"], &asked["cfg_scale"]), (&json!(20), &json!(7.5)));
	assert_eq!((&asked["seed"], &asked["save_images"]), (&json!(0x7fff_ffff), &json!(false)));
	assert_eq!(asked["override_settings"]["sd_model_checkpoint"], "tiny.safetensors");
}

#[tokio::test]
async fn model_should_be_missing_when_the_server_tells_another_digest() {
	let mut script = Script::new(json!({ "images": [encoded()] }));
	script.sha256 = Some("cd".repeat(32));
	assert_eq!(failure(&script, Api::Automatic1111).await.code, FailCode::ModelMissing);
	script.sha256 = Some("AB".repeat(32));
	let (engine, _folder) = script.engine(Api::Automatic1111).await;
	engine.draw(request(), CancellationToken::new()).await.unwrap();
}

#[tokio::test]
async fn image_should_be_refused_when_it_is_none_or_not_one() {
	let twice = json!([encoded(), encoded()]);
	for images in [json!([]), twice, json!(["no base64!"]), json!([STANDARD.encode("<html>")])] {
		let error = failure(&Script::new(json!({ "images": images })), Api::Automatic1111).await;
		assert_eq!(error.code, FailCode::EngineError, "{images}");
	}
}

#[tokio::test]
async fn refusal_should_have_the_code_of_its_cause_when_the_server_tells_it() {
	let status = StatusCode::INTERNAL_SERVER_ERROR;
	let said = |answer| Script { status, ..Script::new(answer) };
	let memory = said(json!({ "error": "OutOfMemoryError", "errors": "CUDA out of memory" }));
	assert_eq!(failure(&memory, Api::Automatic1111).await.code, FailCode::OutOfMemory);
	assert_eq!(failure(&said(json!({ "detail": "no" })), Api::Openai).await.code, FailCode::EngineError);
	let script = Script::new(json!({}));
	let (engine, _folder) = script.engine(Api::Openai).await;
	let bytes = ImageRequest { input: vec![0xff], ..request() };
	assert_eq!(engine.draw(bytes, CancellationToken::new()).await.unwrap_err().code, FailCode::BadInput);
}

#[test]
fn settings_should_be_refused_when_they_would_not_work() {
	let models = vec![Served { name: "m".into(), digest: DIGEST }];
	let good = Settings {
		url: "http://a:1/".into(),
		api: Api::Openai,
		timeout_secs: None,
		public_url: None,
		models: models.clone(),
	};
	let made = |settings: Settings| Image::new(&settings, Artifacts::new(std::path::Path::new("/x")));
	assert!(made(good.clone()).is_ok());
	for bad in [
		Settings { url: "https://a".into(), ..good.clone() },
		Settings { url: "http://me:secret@a".into(), ..good.clone() },
		Settings { models: Vec::new(), ..good.clone() },
		Settings { public_url: Some("ftp://a".into()), ..good.clone() },
		Settings { public_url: Some(format!("https://{}", "a".repeat(600))), ..good.clone() },
	] {
		assert!(made(bad.clone()).is_err(), "{bad:?}");
	}
}
