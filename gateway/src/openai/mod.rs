//! OpenAI's API, see <https://platform.openai.com/docs/api-reference>.

pub mod chat;
pub mod completions;
pub mod embeddings;
pub mod error;
mod logprobs;
pub mod models;
mod reply;
pub mod request;

pub use error::ApiError;
