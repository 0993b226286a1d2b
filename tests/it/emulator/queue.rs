//! SQS.

use agentcore_gateway::queue::sqs::SqsQueue;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::{config, unused};
use crate::conformance::queue::{Received, Receiver, suite};

struct Sqs {
    client: Client,
    url: String,
}

#[async_trait]
impl Receiver for Sqs {
    async fn receive(&self) -> Option<Received> {
        let receive = self.client.receive_message().queue_url(&self.url).wait_time_seconds(0);
        let received = receive.message_system_attribute_names(MessageSystemAttributeName::All).send().await.unwrap();
        let message = received.messages.unwrap_or_default().pop()?;
        let count = &message.attributes()?[&MessageSystemAttributeName::ApproximateReceiveCount];
        Some(Received { receive_count: count.parse().unwrap(), body: message.body?, receipt: message.receipt_handle? })
    }

    async fn delete(&self, receipt: &str) {
        self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs an emulator: make emulator-test"]
async fn the_queue_does_as_the_suite_demands() {
    let client = Client::new(&config());
    let create = client.create_queue().queue_name(format!("{}.fifo", unused("prompts")));
    let create = create.attributes(QueueAttributeName::FifoQueue, "true");
    let url = create.send().await.unwrap().queue_url.unwrap();
    suite(&SqsQueue::new(client.clone(), &url), &Sqs { client, url }).await;
}
