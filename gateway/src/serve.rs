//! Connections: how many, how slow they may be, and how they end.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
	rt::{TokioIo, TokioTimer},
	service::TowerToHyperService,
};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
	net::{TcpListener, TcpStream},
	sync::{watch, Semaphore},
	time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use crate::config::Config;

/// Most bytes of a connection's buffers: a longer head of a request is refused.
const MAX_BUFFER: usize = 64 * 1024;

/// Pause after an accept that failed for want of something, such as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, and then what is under way, for `drain_secs` at the most.
pub async fn serve(
	listener: TcpListener,
	router: Router,
	config: &Config,
	connections: Gauge,
	stop: impl Future<Output = ()>,
) {
	let mut http = http1::Builder::new();
	http.timer(TokioTimer::new()).header_read_timeout(config.read_timeout()).max_buf_size(MAX_BUFFER);
	let (http, most) = (Arc::new(http), config.max_connections.min(Semaphore::MAX_PERMITS));
	let places = Arc::new(Semaphore::new(most));
	let write = Duration::from_secs(config.write_secs);
	let (stopping, stopped) = watch::channel(false);
	tokio::pin!(stop);
	loop {
		let accepted = async {
			let place = places.clone().acquire_owned().await;
			(listener.accept().await, place)
		};
		let (stream, place) = tokio::select! {
			() = &mut stop => break,
			(accepted, place) = accepted => match (accepted, place) {
				(Ok((stream, _)), Ok(place)) => (stream, place),
				(Err(error), _) => {
					if !is_of_connection(&error) {
						tracing::warn!(%error, "can't accept a connection");
						sleep(PAUSE).await;
					}
					continue;
				},
				(_, Err(_)) => break,
			},
		};
		let (http, router, stopped, connections) = (http.clone(), router.clone(), stopped.clone(), connections.clone());
		tokio::spawn(async move {
			connections.inc();
			connection(&http, stream, router, write, stopped).await;
			connections.dec();
			drop(place);
		});
	}
	drop(listener);
	stopping.send_replace(true);
	let all = u32::try_from(most).unwrap_or(u32::MAX);
	if timeout(Duration::from_secs(config.drain_secs), places.acquire_many(all)).await.is_err() {
		tracing::warn!(event = %"cut_off", "answers were still under way; the next start looks for their jobs");
	}
}

async fn connection(
	http: &http1::Builder,
	stream: TcpStream,
	router: Router,
	write: Duration,
	mut stopped: watch::Receiver<bool>,
) {
	if let Err(error) = stream.set_nodelay(true) {
		tracing::debug!(%error, "a connection is gone");
		return;
	}
	let mut stream = TimeoutStream::new(stream);
	stream.set_write_timeout(Some(write));
	let served = http.serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
	tokio::pin!(served);
	let ended = tokio::select! {
		ended = served.as_mut() => ended,
		// The value itself must not be held while the rest is awaited.
		() = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
			served.as_mut().graceful_shutdown();
			served.await
		},
	};
	if let Err(error) = ended {
		tracing::debug!(%error, "a connection broke");
	}
}

fn is_of_connection(error: &io::Error) -> bool {
	use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
	matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
