#include "tests/gateway/http/a_certificate.hpp"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace ash::gateway::testing {

namespace fs = std::filesystem;

a_certificate::a_certificate() {
  std::string name = fs::temp_directory_path() / "ash-tls-XXXXXX";
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  auto* key = EVP_EC_gen("P-256");
  auto* made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  X509_gmtime_adj(X509_getm_notBefore(made), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(made), 3'600);
  X509_set_pubkey(made, key);
  auto* subject = X509_get_subject_name(made);
  X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(made, subject);
  EXPECT_GT(X509_sign(made, key, EVP_sha256()), 0);
  auto* file = std::fopen(certificate().c_str(), "w");
  PEM_write_X509(file, made);
  std::fclose(file);
  file = std::fopen(this->key().c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(made);
  EVP_PKEY_free(key);
}

a_certificate::~a_certificate() {
  fs::remove_all(directory_);
}

} // namespace ash::gateway::testing
