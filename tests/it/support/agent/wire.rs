//! HTTP/1.1 on the fake agent's side: just enough of it, and wrong where a script says so.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;

use super::script::Step;
use super::{Handler, Log, Request, Script};

pub(super) async fn converse(stream: TcpStream, handler: Handler, log: Log) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let script = handler.lock().unwrap()(&request);
        log.requests.lock().unwrap().push(request.clone());
        let _ = log.arrived.send(request);
        match script {
            Script::Answer { status, mut headers, body } => {
                headers.push(("content-length".to_owned(), body.len().to_string()));
                stream.write_all(head(status, &headers).as_bytes()).await?;
                stream.write_all(&body).await?;
            }
            Script::Stream { status, mut headers, steps } => {
                headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
                stream.write_all(head(status, &headers).as_bytes()).await?;
                if !send_steps(&mut stream, steps).await? {
                    return Ok(());
                }
            }
            Script::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Script::Never => {
                stream.fill_buf().await?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether the body was ended cleanly.
async fn send_steps(stream: &mut BufReader<TcpStream>, mut steps: UnboundedReceiver<Step>) -> std::io::Result<bool> {
    loop {
        let step = tokio::select! {
            biased;
            step = steps.recv() => step,
            // No client of ours sends the next request before it has this answer: this is the end of the connection.
            _ = stream.fill_buf() => return Ok(false),
        };
        match step {
            Some(Step::Bytes(bytes)) if bytes.is_empty() => {}
            Some(Step::Bytes(bytes)) => {
                let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
                stream.write_all(&chunk).await?;
            }
            Some(Step::End) => {
                stream.write_all(b"0\r\n\r\n").await?;
                return Ok(true);
            }
            Some(Step::BreakOff) | None => return Ok(false),
        }
    }
}

fn head(status: u16, headers: &[(String, String)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Scripted\r\n{lines}\r\n")
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() }))
}
