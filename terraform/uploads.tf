# Prompts that are larger than a message: a bucket that clients put them into, by URLs that the connections function signs,
# and that the worker reads them from. Without a limit of bytes there are none, and none of this.

locals {
  has_uploads = var.max_upload_bytes > 0

  # Names of buckets are nobody's own, so Terraform makes the end of it up; a prefix is at most 37 characters.
  uploads_name = "${substr(lower(replace(local.name, "_", "-")), 0, 28)}-uploads-"

  uploads_objects = [for bucket in aws_s3_bucket.uploads : "${bucket.arn}/uploads/*"]

  # S3 compares texts, so origins are what browsers write: in lower case, without a port that is the scheme's own. An
  # asterisk within one would be any text here, and is an asterisk to the functions, which no page's origin has.
  uploads_origins = contains(var.allowed_origins, "*") ? ["*"] : distinct([
    for origin in var.allowed_origins :
    replace(replace(lower(origin), "/^(https://.*):443$/", "$1"), "/^(http://.*):80$/", "$1")
    if !strcontains(origin, "*")
  ])

  uploads_environment = !local.has_uploads ? {} : {
    # The host of the region: a new bucket's global one answers by redirects for a while.
    UPLOADS_URL      = "https://${aws_s3_bucket.uploads[0].bucket_regional_domain_name}"
    MAX_UPLOAD_BYTES = tostring(var.max_upload_bytes)
  }

  uploads_offer_statements = !local.has_uploads ? [] : [
    {
      # A URL may do what its signer may. What is there already is never overwritten: the URL says so.
      sid       = "Uploads"
      actions   = ["s3:PutObject"]
      resources = local.uploads_objects
    },
  ]

  uploads_read_statements = [for statement in [
    {
      sid        = "Uploads"
      actions    = ["s3:GetObject"]
      resources  = local.uploads_objects
      conditions = {}
    },
    {
      # Whoever may not list is told that a missing object is forbidden. AWS does not say whether that question has a
      # prefix, so the condition holds too where there is none.
      sid        = "MissingUploads"
      actions    = ["s3:ListBucket"]
      resources  = aws_s3_bucket.uploads[*].arn
      conditions = { StringLikeIfExists = { "s3:prefix" = ["uploads/*"] } }
    },
  ] : statement if local.has_uploads]
}

# What is in it is of no use to anybody after a day, so it is no reason not to destroy it.
resource "aws_s3_bucket" "uploads" {
  count = local.has_uploads ? 1 : 0

  region        = var.aws_region
  bucket_prefix = local.uploads_name
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  count = local.has_uploads ? 1 : 0

  region                  = var.aws_region
  bucket                  = aws_s3_bucket.uploads[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "uploads" {
  count = local.has_uploads ? 1 : 0

  region = var.aws_region
  bucket = aws_s3_bucket.uploads[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# S3's own key, as for the queues, unless you have one. A key for the bucket is derived from yours, so that not each upload
# asks for it.
resource "aws_s3_bucket_server_side_encryption_configuration" "uploads" {
  count = local.has_uploads ? 1 : 0

  region = var.aws_region
  bucket = aws_s3_bucket.uploads[0].id

  rule {
    bucket_key_enabled = var.kms_key_arns.uploads != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arns.uploads == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arns.uploads
    }
  }
}

# All that is in it. S3 counts from the midnight after, so an upload is there for a day at least, and for two at most.
resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  count = local.has_uploads ? 1 : 0

  region = var.aws_region
  bucket = aws_s3_bucket.uploads[0].id

  rule {
    id     = "uploads"
    status = "Enabled"

    filter {
      prefix = ""
    }

    expiration {
      days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

# What a page of an allowed origin may do here is to put, with the headers that are signed and that browsers do not send by
# themselves. Others are not kept out by this, but by the signature.
resource "aws_s3_bucket_cors_configuration" "uploads" {
  count = local.has_uploads && length(local.uploads_origins) > 0 ? 1 : 0

  region = var.aws_region
  bucket = aws_s3_bucket.uploads[0].id

  cors_rule {
    id              = "uploads"
    allowed_origins = local.uploads_origins
    allowed_methods = ["PUT"]
    allowed_headers = ["content-type", "if-none-match"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_policy" "uploads" {
  count = local.has_uploads ? 1 : 0

  region = var.aws_region
  bucket = aws_s3_bucket.uploads[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnectionsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.uploads[0].arn, "${aws_s3_bucket.uploads[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 takes one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.uploads]
}
