# The bucket of uploads: who may what with it, and for how long something is in it.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "as_it_comes" {
  command = plan

  assert {
    condition     = aws_s3_bucket.uploads[0].bucket_prefix == "agentcore-gateway-prod-uploads-" && aws_s3_bucket.uploads[0].force_destroy
    error_message = "The bucket has a name of its own, and what is in it does not keep it from being destroyed"
  }

  assert {
    condition = alltrue(values({
      block_public_acls       = aws_s3_bucket_public_access_block.uploads[0].block_public_acls
      block_public_policy     = aws_s3_bucket_public_access_block.uploads[0].block_public_policy
      ignore_public_acls      = aws_s3_bucket_public_access_block.uploads[0].ignore_public_acls
      restrict_public_buckets = aws_s3_bucket_public_access_block.uploads[0].restrict_public_buckets
    }))
    error_message = "Nothing makes the bucket public"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.uploads[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "No object has a list of its own who may read it"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.uploads[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Uploads are encrypted"
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.uploads[0].policy).Statement == [{
      Sid       = "EncryptedConnectionsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::agentcore-gateway-prod-uploads-0000", "arn:aws:s3:::agentcore-gateway-prod-uploads-0000/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Nobody reaches the bucket without TLS, and its policy gives nobody anything"
  }

  assert {
    condition = (
      length(aws_s3_bucket_lifecycle_configuration.uploads[0].rule) == 1 &&
      aws_s3_bucket_lifecycle_configuration.uploads[0].rule[0].status == "Enabled" &&
      aws_s3_bucket_lifecycle_configuration.uploads[0].rule[0].filter[0].prefix == "" &&
      aws_s3_bucket_lifecycle_configuration.uploads[0].rule[0].expiration[0].days == 1 &&
      aws_s3_bucket_lifecycle_configuration.uploads[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    )
    error_message = "All that is uploaded expires after a day"
  }

  assert {
    condition     = alltrue([for bucket in [aws_s3_bucket_public_access_block.uploads, aws_s3_bucket_ownership_controls.uploads, aws_s3_bucket_server_side_encryption_configuration.uploads, aws_s3_bucket_policy.uploads, aws_s3_bucket_lifecycle_configuration.uploads] : bucket[0].bucket == "agentcore-gateway-prod-uploads-0000"])
    error_message = "All of it is about the bucket of uploads"
  }

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.uploads) == 0
    error_message = "Where no page may connect, none may upload"
  }

  assert {
    condition = [for s in jsondecode(module.worker.policy).Statement : s if s.Sid == "MissingUploads"] == [{
      Sid       = "MissingUploads"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = ["arn:aws:s3:::agentcore-gateway-prod-uploads-0000"]
      Condition = { StringLikeIfExists = { "s3:prefix" = ["uploads/*"] } }
    }]
    error_message = "To the worker what is missing is missing and not forbidden"
  }

  assert {
    condition = { for name, function in local.functions : name => join(", ", flatten([for s in jsondecode(function.policy).Statement : s.Action if strcontains(jsonencode(s), "s3:")])) } == {
      message     = ""
      closer      = ""
      connections = "s3:PutObject"
      worker      = "s3:GetObject, s3:ListBucket"
    }
    error_message = "connections may put uploads and not read them, worker may read and not put them, and nobody else may either"
  }

  assert {
    condition = { for name, function in local.functions : name => [lookup(function.configuration.environment, "UPLOADS_URL", ""), lookup(function.configuration.environment, "MAX_UPLOAD_BYTES", "")] } == {
      message     = ["", ""]
      closer      = ["", ""]
      connections = ["https://agentcore-gateway-prod-uploads-0000.s3.eu-central-1.amazonaws.com", "20000000"]
      worker      = ["https://agentcore-gateway-prod-uploads-0000.s3.eu-central-1.amazonaws.com", "20000000"]
    }
    error_message = "Who offers and who reads uploads knows where, at the region's host, and how large they may be"
  }

  assert {
    condition     = output.uploads_bucket == "agentcore-gateway-prod-uploads-0000"
    error_message = "The bucket can be found"
  }
}

run "for_pages" {
  command = plan

  variables {
    # Of these the last is of no use, but allowed.
    allowed_origins = ["https://App.example.com:443", "http://localhost:8000", "http://LAN.example:80", "https://app.example.com", "null", "capacitor://localhost", "https://*.example.com"]
  }

  assert {
    condition = (
      one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_methods == toset(["PUT"]) &&
      one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_headers == toset(["content-type", "if-none-match"])
    )
    error_message = "A page may put, with the two headers that are signed, and do nothing else"
  }

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_origins == toset(["https://app.example.com", "http://localhost:8000", "http://lan.example", "null", "capacitor://localhost"])
    error_message = "Pages that may connect may upload, and no others"
  }
}

run "for_all_pages" {
  command = plan

  variables {
    allowed_origins = ["https://app.example.com", "*"]
  }

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.uploads[0].cors_rule).allowed_origins == toset(["*"])
    error_message = "Where all pages may connect, all may upload"
  }
}

run "larger_ones" {
  command = plan

  variables {
    max_upload_bytes = 100000000
    memory_mb        = { worker = 512 }
  }

  assert {
    condition     = module.connections.configuration.environment.MAX_UPLOAD_BYTES == "100000000" && module.worker.configuration.environment.MAX_UPLOAD_BYTES == "100000000"
    error_message = "The limit is the functions' too"
  }
}

run "under_a_long_name" {
  command = plan

  variables {
    project_name = "a-name-of-24-characters-"
    stage_name   = "Stage_12char"
  }

  assert {
    condition     = can(regex("^[a-z0-9][a-z0-9-]*-uploads-$", aws_s3_bucket.uploads[0].bucket_prefix)) && length(aws_s3_bucket.uploads[0].bucket_prefix) <= 37
    error_message = "S3 takes the bucket's name, and Terraform has room for its end"
  }
}

run "without" {
  command = plan

  variables {
    max_upload_bytes = 0
    allowed_origins  = ["*"]
  }

  assert {
    condition = (
      length(aws_s3_bucket.uploads) + length(aws_s3_bucket_public_access_block.uploads) + length(aws_s3_bucket_ownership_controls.uploads) +
      length(aws_s3_bucket_server_side_encryption_configuration.uploads) + length(aws_s3_bucket_lifecycle_configuration.uploads) +
      length(aws_s3_bucket_cors_configuration.uploads) + length(aws_s3_bucket_policy.uploads) == 0 && output.uploads_bucket == null
    )
    error_message = "Without uploads there is no bucket"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : !strcontains(function.policy, "s3:")])
    error_message = "Without uploads nobody may do anything on S3"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : length(setintersection(keys(function.configuration.environment), ["UPLOADS_URL", "MAX_UPLOAD_BYTES"])) == 0])
    error_message = "Without uploads nobody is told of any"
  }
}
