// What is remembered of buckets, objects and uploads, and what is answered about them.
package main

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
)

type object struct {
	size     int64
	etag     string
	metadata []string
}

type upload struct {
	key      string
	metadata []string
	parts    map[int]object
}

type bucket struct {
	objects map[string]object
	uploads map[string]*upload
	bytes   int64
}

// The MD5 that the client named; without one an ETag of another form, as S3 has it for objects whose ETag is no MD5.
func (s *sink) etagOf(asked *request) string {
	if digest, err := base64.StdEncoding.DecodeString(asked.md5); err == nil && len(digest) == md5.Size {
		return hex.EncodeToString(digest)
	}
	return fmt.Sprintf("%032x-1", s.serial.Add(1))
}

func (s *sink) put(asked *request) answer {
	size := asked.length
	if asked.decodedLength >= 0 {
		size = asked.decodedLength
	}
	stored := object{size: size, etag: s.etagOf(asked), metadata: asked.metadata}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	place, isThere := s.buckets[asked.bucket]
	if !isThere {
		return refusal(404, "NoSuchBucket", "there is no such bucket")
	}
	if id := asked.values.Get("uploadId"); id != "" {
		open, isOpen := place.uploads[id]
		number, err := strconv.Atoi(asked.values.Get("partNumber"))
		if !isOpen || err != nil {
			return refusal(404, "NoSuchUpload", "there is no such upload")
		}
		open.parts[number] = stored
	} else {
		place.store(asked.key, stored)
	}
	return answer{status: 200, headers: append([]string{`ETag: "` + stored.etag + `"`}, asked.checksums...)}
}

func (b *bucket) store(key string, stored object) {
	b.bytes += stored.size - b.objects[key].size
	b.objects[key] = stored
}

func (s *sink) answer(asked *request, text string) answer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if asked.bucket == "" {
		return answer{status: 200, body: xmlHead + "<ListAllMyBucketsResult" + namespace + "><Buckets></Buckets></ListAllMyBucketsResult>"}
	}
	place, isThere := s.buckets[asked.bucket]
	if asked.key == "" && asked.method == "PUT" && asked.query == "" {
		if !isThere {
			s.buckets[asked.bucket] = &bucket{objects: map[string]object{}, uploads: map[string]*upload{}}
		}
		return answer{status: 200}
	}
	if !isThere {
		return refusal(404, "NoSuchBucket", "there is no such bucket")
	}
	if asked.key == "" {
		return s.answerBucket(asked, place)
	}
	return s.answerObject(asked, place, text)
}

func (s *sink) answerBucket(asked *request, place *bucket) answer {
	has := func(name string) bool { return asked.values.Has(name) }
	switch {
	case asked.method == "HEAD":
		return answer{status: 200, headers: []string{"x-amz-bucket-region: us-east-1"}}
	case asked.method == "DELETE":
		delete(s.buckets, asked.bucket)
		return answer{status: 204}
	case asked.method != "GET":
		return refusal(501, "NotImplemented", "not known here")
	case has("location"):
		return answer{status: 200, body: xmlHead + "<LocationConstraint" + namespace + "></LocationConstraint>"}
	case has("received"):
		return answer{status: 200, body: fmt.Sprintf(`{"objects":%d,"bytes":%d,"uploads":%d}`, len(place.objects), place.bytes, len(place.uploads))}
	case has("uploads"):
		return answer{status: 200, body: xmlHead + "<ListMultipartUploadsResult" + namespace + "><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"}
	case has("versioning"):
		return answer{status: 200, body: xmlHead + "<VersioningConfiguration" + namespace + "></VersioningConfiguration>"}
	case has("object-lock"):
		return refusal(404, "ObjectLockConfigurationNotFoundError", "there is none")
	case asked.query == "" || has("list-type") || has("prefix") || has("delimiter") || has("max-keys"):
		return answer{status: 200, body: xmlHead + "<ListBucketResult" + namespace + "><Name>" + asked.bucket +
			"</Name><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"}
	}
	return refusal(501, "NotImplemented", "not known here")
}

var partEtag = regexp.MustCompile(`<ETag>(?:&#34;|&quot;|")?([^<&"]*)`)
var partNumber = regexp.MustCompile(`<PartNumber>(\d+)<`)

func (s *sink) answerObject(asked *request, place *bucket, text string) answer {
	id := asked.values.Get("uploadId")
	open, isOpen := place.uploads[id]
	switch {
	case asked.method == "POST" && asked.values.Has("uploads"):
		id = fmt.Sprintf("upload-%d", s.serial.Add(1))
		place.uploads[id] = &upload{key: asked.key, metadata: asked.metadata, parts: map[int]object{}}
		return answer{status: 200, body: xmlHead + "<InitiateMultipartUploadResult" + namespace + "><Bucket>" + asked.bucket + "</Bucket><UploadId>" +
			id + "</UploadId></InitiateMultipartUploadResult>"}
	case id != "" && !isOpen:
		return refusal(404, "NoSuchUpload", "there is no such upload")
	case id != "" && asked.method == "POST":
		return s.complete(asked, place, open, text)
	case id != "" && asked.method == "DELETE":
		delete(place.uploads, id)
		return answer{status: 204}
	case id != "" && asked.method == "GET":
		return answer{status: 200, body: xmlHead + "<ListPartsResult" + namespace + "><IsTruncated>false</IsTruncated></ListPartsResult>"}
	case asked.method == "DELETE":
		delete(place.objects, asked.key)
		return answer{status: 204}
	case asked.method == "HEAD":
		stored, isStored := place.objects[asked.key]
		if !isStored {
			return answer{status: 404}
		}
		headers := append([]string{`ETag: "` + stored.etag + `"`, "Last-Modified: " + *s.date.Load(), "Accept-Ranges: bytes"}, stored.metadata...)
		return answer{status: 200, headers: headers, length: stored.size}
	}
	return refusal(404, "NoSuchKey", "nothing is kept here")
}

func (s *sink) complete(asked *request, place *bucket, open *upload, text string) answer {
	numbers := partNumber.FindAllStringSubmatch(text, -1)
	etags := partEtag.FindAllStringSubmatch(text, -1)
	if len(numbers) == 0 || len(numbers) != len(etags) {
		return refusal(400, "MalformedXML", "parts without number or ETag")
	}
	sum := md5.New()
	size := int64(0)
	isMd5 := true
	for index, found := range etags {
		number, _ := strconv.Atoi(numbers[index][1])
		part, isThere := open.parts[number]
		if !isThere || part.etag != found[1] {
			return refusal(400, "InvalidPart", "a part is not there as it is named")
		}
		digest, err := hex.DecodeString(part.etag)
		isMd5 = isMd5 && err == nil && len(digest) == md5.Size
		sum.Write(digest)
		size += part.size
	}
	etag := fmt.Sprintf("%032x-%d", s.serial.Add(1), len(etags))
	if isMd5 {
		etag = fmt.Sprintf("%x-%d", sum.Sum(nil), len(etags))
	}
	delete(place.uploads, asked.values.Get("uploadId"))
	place.store(open.key, object{size: size, etag: etag, metadata: open.metadata})
	return answer{status: 200, body: xmlHead + "<CompleteMultipartUploadResult" + namespace + "><Bucket>" + asked.bucket + `</Bucket><ETag>"` + etag +
		`"</ETag></CompleteMultipartUploadResult>`}
}
