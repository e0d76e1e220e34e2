//! OpenAI's API, see <https://platform.openai.com/docs/api-reference>.

pub mod chat;
pub mod completions;
pub mod error;
pub mod models;
mod reply;
mod request;

pub use error::ApiError;
