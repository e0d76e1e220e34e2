//! Who may use the gateway, for what, and how often.

use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use axum::{
	extract::{FromRequestParts, Request, State},
	http::{
		header::{AUTHORIZATION, HOST, ORIGIN},
		request::Parts,
		HeaderMap, HeaderName, HeaderValue, StatusCode,
	},
	middleware::Next,
	response::{IntoResponse, Response},
};

use crate::{
	answer::{NoAnswer, Order},
	ollama::OllamaError,
	openai::ApiError,
	rate::{Allowance, Rates, Standing},
	server::Shared,
	store::{ApiKey, Scope, Store},
};

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Caller {
	/// The key that was sent; `None` where none is asked for.
	pub key: Option<Arc<ApiKey>>,
}

impl Caller {
	/// The key's public name; empty: nobody's.
	pub fn id(&self) -> &str {
		self.key.as_ref().map_or("", |key| &key.id)
	}

	/// Whether the key may use this model.
	pub fn may_use(&self, model: &str) -> bool {
		let models = self.key.as_ref().and_then(|key| key.models.as_ref());
		models.is_none_or(|models| models.iter().any(|name| name == model))
	}

	fn may_enter(&self, scope: Scope) -> bool {
		let scopes = self.key.as_ref().and_then(|key| key.scopes.as_ref());
		scopes.is_none_or(|scopes| scopes.contains(&scope))
	}
}

impl<S: Sync> FromRequestParts<S> for Caller {
	type Rejection = std::convert::Infallible;

	async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
		Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
	}
}

/// The door.
pub struct Access {
	/// Whether a key is asked for: from the first one on that was ever made.
	keyed: AtomicBool,
	/// Requests a minute of keys without a limit of their own.
	per_minute: Option<u32>,
	requests: Rates,
	tokens: Arc<Rates>,
}

impl Access {
	/// Lets everybody in while there are no keys; `per_minute` bounds the requests of keys without a limit of their own.
	pub fn new(per_minute: Option<u32>) -> Self {
		Self { keyed: AtomicBool::new(false), per_minute, requests: Rates::default(), tokens: Arc::default() }
	}

	fn asks_for_keys(&self, store: &Store) -> rusqlite::Result<bool> {
		if !self.keyed.load(Ordering::Relaxed) && store.has_keys()? {
			self.keyed.store(true, Ordering::Relaxed);
		}
		Ok(self.keyed.load(Ordering::Relaxed))
	}

	/// Who sent these headers.
	fn caller(&self, store: &Store, headers: &HeaderMap) -> Result<Caller, ApiError> {
		if !self.asks_for_keys(store)? {
			return if is_local(headers) { Ok(Caller::default()) } else { Err(ApiError::foreign()) };
		}
		let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
		let secret = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
		match secret.map(|(_, secret)| store.find_key(secret.trim())).transpose()?.flatten() {
			Some(key) => Ok(Caller { key: Some(Arc::new(key)) }),
			None => Err(ApiError::unauthorized()),
		}
	}

	fn count(&self, caller: &Caller) -> Option<Standing> {
		let limit = caller.key.as_ref().and_then(|key| key.per_minute).or(self.per_minute)?;
		Some(self.requests.take(caller.id(), limit, 1, Instant::now()))
	}

	/// How a key stands that has a limit of tokens.
	fn tokens(&self, caller: &Caller) -> Option<Standing> {
		let key = caller.key.as_ref()?;
		Some(self.tokens.take(&key.id, key.tokens_per_minute?, 0, Instant::now()))
	}

	/// Takes what the orders may use of their key's tokens, for all of them or for none.
	///
	/// # Errors
	///
	/// [`NoAnswer::TooManyTokens`].
	pub fn allow(&self, caller: &Caller, orders: &mut [Order]) -> Result<(), NoAnswer> {
		let Some((key, limit)) = caller.key.as_ref().and_then(|key| Some((key, key.tokens_per_minute?))) else {
			return Ok(());
		};
		let needed = orders.iter().fold(0, |sum: u32, order| sum.saturating_add(order.most_tokens));
		let now = Instant::now();
		for order in &mut *orders {
			match Allowance::take(&self.tokens, &key.id, limit, order.most_tokens, now) {
				Ok(allowance) => order.allowance = allowance,
				Err(_) => {
					// What was taken for the others goes back.
					orders.iter_mut().for_each(|order| order.allowance = Allowance::default());
					let retry = self.tokens.take(&key.id, limit, needed, now).retry;
					return Err(NoAnswer::TooManyTokens { limit, needed, retry: retry.filter(|_| needed <= limit) });
				}
			}
		}
		Ok(())
	}
}

/// Without keys, what keeps a web page in the owner's browser from spending the owner's money: a request has to be for
/// this machine by its own name, and not from a page of another one.
fn is_local(headers: &HeaderMap) -> bool {
	let local = |authority: &str| {
		let host = match authority.rsplit_once(':') {
			Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
			_ => authority,
		};
		let host = host.trim_start_matches('[').trim_end_matches(']');
		host.eq_ignore_ascii_case("localhost")
			|| host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
	};
	let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
	let origin = text(ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, authority)| authority));
	text(HOST).is_none_or(local) && origin.is_none_or(local)
}

fn scope_of(path: &str) -> Scope {
	match path {
		"/v1/chat/completions" | "/api/chat" => Scope::Chat,
		"/v1/completions" | "/api/generate" => Scope::Completions,
		"/v1/embeddings" | "/api/embed" | "/api/embeddings" => Scope::Embeddings,
		"/metrics" => Scope::Metrics,
		path if path == "/v1/jobs" || path.starts_with("/v1/jobs/") => Scope::Jobs,
		_ => Scope::Models,
	}
}

/// Lets a request in, or refuses it in the form that its path speaks.
pub async fn enter(State(gateway): State<Shared>, mut request: Request, next: Next) -> Response {
	let ollama = request.uri().path().starts_with("/api/");
	let refuse = |error: ApiError| if ollama { OllamaError(error).into_response() } else { error.into_response() };
	let access = &gateway.access;
	let caller = match access.caller(&gateway.store, request.headers()) {
		Ok(caller) => caller,
		Err(error) => return refuse(error),
	};
	let standing = access.count(&caller);
	let scope = scope_of(request.uri().path());
	let mut response = if let Some(retry) = standing.and_then(|standing| standing.retry) {
		refuse(ApiError::too_fast(retry))
	} else if !caller.may_enter(scope) {
		refuse(ApiError::forbidden(scope))
	} else {
		request.extensions_mut().insert(caller.clone());
		next.run(request).await
	};
	for (standing, what) in [(standing, "requests"), (access.tokens(&caller), "tokens")] {
		if let Some(standing) = standing {
			tell(response.headers_mut(), what, &standing);
		}
	}
	response
}

/// By OpenAI's names.
fn tell(headers: &mut HeaderMap, what: &str, standing: &Standing) {
	let mut set = |name: &str, value: String| {
		let name = HeaderName::try_from(format!("x-ratelimit-{name}-{what}"));
		if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
			headers.insert(name, value);
		}
	};
	set("limit", standing.limit.to_string());
	set("remaining", standing.remaining.to_string());
	set("reset", span(standing.reset));
}

/// A time as OpenAI writes it, rounded up: `1s`, `6m0s`.
fn span(time: Duration) -> String {
	let seconds = whole_seconds(time);
	match seconds / 60 {
		0 => format!("{seconds}s"),
		minutes => format!("{minutes}m{}s", seconds % 60),
	}
}

/// Seconds, rounded up.
pub fn whole_seconds(time: Duration) -> u64 {
	time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

impl From<rusqlite::Error> for ApiError {
	fn from(error: rusqlite::Error) -> Self {
		tracing::error!(%error, "the records can't be used");
		Self::server(StatusCode::INTERNAL_SERVER_ERROR, "records_failed", "the gateway can't use its own records")
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{answer::fake, store::NewKey};

	fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
		list.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
	}

	#[test]
	fn everybody_on_this_machine_should_be_let_in_until_there_is_a_key() {
		let folder = tempfile::tempdir().unwrap();
		let store = Store::open(&folder.path().join("db")).unwrap();
		let access = Access::new(None);
		assert!(access.caller(&store, &headers(&[("host", "127.0.0.1:11436")])).is_ok());
		let (id, secret) = store.new_key(&NewKey::default()).unwrap();
		for header in ["sk-two", secret.as_str(), "Bearer ", "Bearer sk-two", "Basic sk-two"] {
			let error = access.caller(&store, &headers(&[("authorization", header)])).unwrap_err();
			assert_eq!(error.status, StatusCode::UNAUTHORIZED, "{header}");
		}
		assert!(access.caller(&store, &headers(&[("host", "localhost")])).is_err());
		for scheme in ["Bearer", "bearer"] {
			let header = format!("{scheme} {secret}");
			assert_eq!(access.caller(&store, &headers(&[("authorization", &header)])).unwrap().id(), id);
		}
		store.revoke_key(&id).unwrap();
		assert!(access.caller(&store, &headers(&[("authorization", &format!("Bearer {secret}"))])).is_err());
	}

	#[test]
	fn request_should_be_foreign_when_another_page_or_name_leads_to_it() {
		for (host, origin, local) in [
			("127.0.0.1:11436", None, true),
			("localhost", Some("http://localhost:3000"), true),
			("[::1]:11436", Some("http://[::1]"), true),
			("localhost:11436", Some("https://evil.example"), false),
			("evil.example:11436", None, false),
			("localhost", Some("null"), false),
		] {
			let mut list = vec![("host", host)];
			list.extend(origin.map(|origin| ("origin", origin)));
			assert_eq!(is_local(&headers(&list)), local, "{list:?}");
		}
	}

	#[test]
	fn key_should_open_only_its_parts_and_models() {
		let key = ApiKey {
			id: "key_1".into(),
			models: Some(vec!["tiny".into()]),
			scopes: Some(vec![Scope::Chat]),
			budget: None,
			per_minute: None,
			tokens_per_minute: None,
		};
		let caller = Caller { key: Some(Arc::new(key)) };
		assert!(caller.may_use("tiny") && !caller.may_use("large"));
		assert!(caller.may_enter(scope_of("/api/chat")));
		for path in ["/v1/completions", "/api/generate", "/v1/jobs", "/v1/jobs/job_1/result", "/metrics", "/v1/models"]
		{
			assert!(!caller.may_enter(scope_of(path)), "{path}");
		}
		assert!(Caller::default().may_enter(Scope::Metrics) && Caller::default().may_use("any"));
	}

	#[test]
	fn orders_should_take_their_tokens_together_or_not_at_all() {
		let key = ApiKey {
			id: "key_1".into(),
			models: None,
			scopes: None,
			budget: None,
			per_minute: None,
			tokens_per_minute: Some(100),
		};
		let (access, caller) = (Access::new(None), Caller { key: Some(Arc::new(key)) });
		let orders = |count: usize| vec![Order { most_tokens: 40, ..fake::order() }; count];
		let left = || access.tokens(&caller).unwrap().remaining;
		let refused = |count: usize| match access.allow(&caller, &mut orders(count)) {
			Err(NoAnswer::TooManyTokens { limit, needed, retry }) => (limit, needed, retry.is_some()),
			other => panic!("{other:?}"),
		};
		assert_eq!((refused(3), left()), ((100, 120, false), 100));
		let mut taken = orders(2);
		access.allow(&caller, &mut taken).unwrap();
		assert_eq!(left(), 20);
		assert_eq!(refused(1), (100, 40, true));
		drop(taken);
		assert_eq!(left(), 100);
		assert!(access.allow(&Caller::default(), &mut orders(9)).is_ok());
	}

	#[test]
	fn standing_should_be_told_by_openais_names() {
		let (mut headers, rates) = (HeaderMap::new(), Rates::default());
		tell(&mut headers, "tokens", &rates.take("a", 60, 30, Instant::now()));
		for (name, value) in [("limit", "60"), ("remaining", "30"), ("reset", "30s")] {
			assert_eq!(headers[&format!("x-ratelimit-{name}-tokens")], value);
		}
	}

	#[test]
	fn span_should_be_rounded_up_as_openai_writes_it() {
		assert_eq!(span(Duration::from_millis(1)), "1s");
		assert_eq!(span(Duration::from_secs(360)), "6m0s");
	}
}
