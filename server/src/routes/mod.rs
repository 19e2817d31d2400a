//! Handlers of the API, one module per resource.

pub mod diff;
pub mod docs;
pub mod events;
pub mod export;
pub mod fallback;
pub mod files;
pub mod health;
pub mod images;
pub mod info;
pub mod items;
pub mod legacy;
pub mod metrics;
pub mod projects;
pub mod queue;
pub mod requests;
pub mod rules;
pub mod service_worker;
pub mod sessions;
pub mod sign_in;
pub mod summaries;
pub mod threads;
pub mod turns;
pub mod uploads;
